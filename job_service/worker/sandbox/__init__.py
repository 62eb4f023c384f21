"""Runs untrusted Python programs in a sandbox.

`local.LocalExecutor` runs a program; `execution.Execution` is the result. Importing this
package is cheap: each module is imported by name.
"""
