"""The command line: one module per command, each a thin function over the library."""
