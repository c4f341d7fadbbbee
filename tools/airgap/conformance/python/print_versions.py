"""Prints the version that a program imports."""

from python.versions import version

if __name__ == "__main__":
    print(version())
