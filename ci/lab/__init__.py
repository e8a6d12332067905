"""The lab: a throw-away domain and a private Apache, for the demo, the tests and the benchmarks.

Standard library only; run with Debian's /usr/bin/python3, as root.
"""
