"""The service as a package of its own: what is in it, how it gets into another project, and how it becomes a wheel.

The modules of this repository come in; the files of a package that works under any name go out. The modules themselves
stay as they are.
"""
