#!/bin/sh
# Pipes, subshells, redirections, failures; one process at a time writes to each pipe.
cd "$1" || exit 2
echo one >first
x=$(cat first)
(cd / && pwd) >second
printf '%s\n' "$x" | tr a-z A-Z >third
[ -e /nonexistent ] || cat /nonexistent 2>/dev/null
while read -r line; do echo "got $line"; done <third
rm first second third
(exit 3)
exit $?
