"""The smallest program: it says hello and shows its arguments."""
import sys

print("hello", *sys.argv[1:])
