"""The other side of the wire: the programs that do the jobs."""
