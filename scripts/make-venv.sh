#!/bin/sh
# Makes .venv with a Python of 3.11 to 3.13, and says what to install where the system lacks a part.
# usage: scripts/make-venv.sh [PYTHON]
set -eu
python=${1:-}
[ -n "$python" ] || python=$(command -v python3 || true)
if [ -z "$python" ]; then
  echo "rid-telephony needs Python 3.11 to 3.13. On Debian: apt-get install python3 python3-venv" >&2
  exit 1
fi
"$python" - <<'PY' || exit 1
import sys
if not (3, 11) <= sys.version_info[:2] < (3, 14):
    sys.exit(f"rid-telephony needs Python 3.11 to 3.13, {sys.executable} is {sys.version.split()[0]}; "
             "name another with: make install PYTHON=/path/to/python3.11")
PY
if "$python" -m venv .venv >/dev/null 2>&1; then exit 0; fi
# Debian splits ensurepip off into python3-venv: install it where we may, else say so.
package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
echo "$python cannot make a virtual environment; trying: apt-get install $package" >&2
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install "$package" >/dev/null
  exec "$python" -m venv --clear .venv
fi
echo "Please run: sudo apt-get install $package   and then make again." >&2
exit 1
