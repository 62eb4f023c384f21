"""The routes that pause the handing out of jobs."""
