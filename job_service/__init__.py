"""The job service. Importing this costs nothing: it holds no more than this sentence."""
