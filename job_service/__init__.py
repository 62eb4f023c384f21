"""The job service. This module is empty, so that importing it is cheap."""
