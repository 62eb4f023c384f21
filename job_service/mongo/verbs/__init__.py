"""The verbs, which change a job's state, each by one atomic statement."""
