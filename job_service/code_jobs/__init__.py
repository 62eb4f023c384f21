"""The code family: programs that users wrote."""
