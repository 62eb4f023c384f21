"""The code family: jobs that run users' programs."""
