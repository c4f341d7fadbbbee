"""A program with a library, a wheel and arguments."""

import sys

from python.greeting.greeting import greet

if __name__ == "__main__":
    print(greet(sys.argv[1]))
