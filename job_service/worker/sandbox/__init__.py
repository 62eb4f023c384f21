"""Running a stranger's Python program without letting it do harm.

`local.LocalExecutor` is the way in; `execution.Execution` is what comes out. Importing this
package costs nothing: each of its modules is imported by name.
"""
