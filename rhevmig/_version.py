"""The version of rhevmig, in one place."""

VERSION = "0.1.0"
