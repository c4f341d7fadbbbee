#!/bin/sh
# The sealed root's crane, for the toolchain.
exec /usr/bin/crane "$@"
