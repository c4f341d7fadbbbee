%shebang%
# Starts %target%: finds its runfiles and hands over to launch.py under the interpreter of the graph.

find_runfiles() {
    program=$1
    while :; do
        if [ -d "$program.runfiles" ]; then
            echo "$program.runfiles"
            return
        fi
        case $program in
        *.runfiles/*)
            echo "${program%%.runfiles/*}.runfiles"
            return
            ;;
        esac
        [ -L "$program" ] || break
        link=$(readlink "$program")
        case $link in
        /*) program=$link ;;
        *) program=$(dirname "$program")/$link ;;
        esac
    done
    if [ -n "$RUNFILES_DIR" ]; then
        echo "$RUNFILES_DIR"
        return
    fi
    echo "$0: no runfiles beside it; start it with bazel run, or keep its .runfiles folder next to it." >&2
    exit 1
}

case $0 in
/*) self=$0 ;;
*) self=$PWD/$0 ;;
esac
runfiles=$(find_runfiles "$self") || exit 1
python=%python_binary%
case $python in
/*) ;;
*) python=$runfiles/$python ;;
esac
exec "$python" -I "${python%/usr/bin/*}/launch.py" "$runfiles" '%main%' '%imports%' '%workspace_name%' "$@"
