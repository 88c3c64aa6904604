"""The command line: each verb is a thin wrapper of the library function of the same name."""
