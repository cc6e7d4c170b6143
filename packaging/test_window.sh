#!/bin/sh
# Starts the frozen window under Xvfb, lets it count the demo clip, hands it a second file, opens the phones and the models,
# saves the report of a count as PDF under Results, kills it in the middle of a count, which has to be offered at the next
# start, looks at it all and closes it.
#   packaging/test_window.sh PROGRAM VIDEO OUT
# VIDEO is opened by the second start; OUT gets the screenshots. Needs Xvfb, xdotool and ImageMagick's import.
set -eu
program=$1 video=$2 out=$3
mkdir -p "$out"
home=$(mktemp -d)
export XDG_CONFIG_HOME="$home/config" XDG_DATA_HOME="$home/data" XDG_STATE_HOME="$home/state" XDG_CACHE_HOME="$home/cache"
export XDG_DOCUMENTS_DIR="$home/documents"
# The second start finds the first through a socket in the folder for temporary files: here, not that of another Headcount.
export XDG_RUNTIME_DIR="$home/run" TMPDIR="$home/tmp"
mkdir -m 700 "$XDG_RUNTIME_DIR" "$TMPDIR"
display=:$((90 + $$ % 500))
Xvfb "$display" -screen 0 1366x820x24 -nolisten tcp -noreset >"$out/xvfb.log" 2>&1 &
server=$!
app=
finish() {
    [ -z "$app" ] || kill -9 "$app" 2>/dev/null || true
    kill "$server" 2>/dev/null || true
    rm -rf "$home"
}
trap finish EXIT
export DISPLAY="$display"
for _ in $(seq 50); do xdotool getdisplaygeometry >/dev/null 2>&1 && break; sleep 0.1; done

fail() {
    echo "window: $1" >&2
    find "$home" -name '*.log' -exec tail -n 30 {} + >&2 || true
    exit 1
}
start_program() { # ARGUMENTS of the program
    start=$(date +%s.%N)
    "$program" "$@" >>"$out/program.log" 2>&1 &
    app=$!
    for _ in $(seq 1200); do
        xdotool search --onlyvisible --name Headcount >/dev/null 2>&1 && break
        kill -0 "$app" 2>/dev/null || { cat "$out/program.log" >&2; app=; fail "the program ended before its window was there"; }
        sleep 0.05
    done
    window=$(xdotool search --onlyvisible --name Headcount | head -1) || fail "no window within 60 s"
    echo "window: visible after $(echo "$(date +%s.%N) - $start" | bc 2>/dev/null || echo '?') s"
}
# Without a window manager a key may come before the focus it was meant for.
press() { # KEY
    xdotool windowfocus "$window" 2>/dev/null || true
    sleep 0.3
    xdotool key --window "$window" "$1" 2>/dev/null || true
}
people_of_the_newest() {
    "$program" sessions --json 2>>"$out/program.log" | grep -o '"people": [0-9]*' | head -1 | tr -dc 0-9
}
: >"$out/program.log"
start_program demo

# Everybody counted is in the store within a second: that is what a crash would leave, and what is looked at here.
people=0
for _ in $(seq 80); do
    sleep 1
    kill -0 "$app" 2>/dev/null || fail "the program ended while counting"
    now=$(people_of_the_newest)
    [ -n "$now" ] || continue
    [ "$now" -le "$people" ] || { people=$now; import -window root "$out/counting.png"; }
    [ "$people" -lt 9 ] || break
done
[ "$people" -ge 9 ] || { import -window root "$out/failed.png"; fail "counted $people of the ten people of the demo clip"; }
echo "window: counted $people people of the demo clip"

# A second start hands its file to the first and ends.
if timeout 20 "$program" "$video" >>"$out/program.log" 2>&1; then :; else fail "the second start did not end well"; fi
sleep 4
[ "$(xdotool search --onlyvisible --name Headcount | wc -l)" -ge 1 ] || fail "the window is gone after the second start"
import -window root "$out/second-file.png"
echo "window: a second start handed its file over and ended"

listens() { # Whether the program waits for somebody to connect, which 0A stands for in the kernel's table.
    for socket in $(awk '$4 == "0A" {print $10}' /proc/net/tcp); do
        ls -l "/proc/$app/fd" 2>/dev/null | grep -qF "socket:[$socket]" && return 0
    done
    return 1
}
# Its dialogs come in modules that nothing before has imported.
look_into() { # KEY TITLE PICTURE [KEY pressed in it]
    xdotool windowfocus "$window" 2>/dev/null || true
    xdotool key --window "$window" "$1"
    dialog=
    for _ in $(seq 50); do
        dialog=$(xdotool search --onlyvisible --name "^$2" | head -1) && [ -n "$dialog" ] && break
        sleep 0.2
    done
    [ -n "$dialog" ] || { import -window root "$out/failed.png"; fail "no window “$2” within 10 s of $1"; }
    # The new window may have come between the press and the release, whose keys would then be held down in it for ever.
    for held in $(echo "$1" | tr + ' '); do xdotool keyup "$held"; done
    sleep 1
    if [ -n "${4:-}" ]; then
        xdotool windowfocus "$dialog" && sleep 0.3 && xdotool key --window "$dialog" "$4"
        for _ in $(seq 60); do listens && break; sleep 1; done
        listens || { import -window root "$out/failed.png"; fail "nothing answers phones within 60 s of $4 in “$2”"; }
        sleep 3
    fi
    import -window root "$out/$3.png"
    # Without a window manager a key may come before the focus it was meant for, so it is pressed again.
    for _ in $(seq 10); do
        xdotool windowfocus "$dialog" 2>/dev/null && sleep 0.2 && xdotool key --window "$dialog" Escape 2>/dev/null || true
        sleep 1
        xdotool search --onlyvisible --name "^$2" >/dev/null 2>&1 || return 0
    done
    fail "“$2” did not close within 10 s of Escape"
}
look_into ctrl+shift+p "Show on phones" phones Return
look_into ctrl+shift+m Models models
echo "window: its phones and its models opened and closed"

# Under Results the report of what was counted is saved, as PDF.
press ctrl+period
press ctrl+2
saved=
for _ in $(seq 30); do
    sleep 2
    saved=$(find "$XDG_DOCUMENTS_DIR" -name '*.pdf' 2>/dev/null | head -1)
    [ -z "$saved" ] || break
    press ctrl+s  # does nothing while the report is being prepared
done
import -window root "$out/results.png"
[ -n "$saved" ] || fail "no report within a minute of Ctrl+S"
[ "$(head -c 5 "$saved")" = "%PDF-" ] || fail "what Ctrl+S saved is no PDF"
"$program" verify "$saved" >>"$out/program.log" 2>&1 || fail "the saved report does not agree with the kept count"
echo "window: saved a report under Results"

close_program() {
    # A window that counts asks before it closes, so the count is ended first.
    press ctrl+period
    sleep 2
    press ctrl+period
    sleep 0.5
    # The window may be gone before the key is let go, which xdotool takes for a failure; what counts is checked below.
    press ctrl+q
    for _ in $(seq 200); do kill -0 "$app" 2>/dev/null || break; sleep 0.1; done
    if kill -0 "$app" 2>/dev/null; then import -window root "$out/failed.png"; fail "the program did not end within 20 s of Ctrl+Q"; fi
    wait "$app" && code=0 || code=$?
    app=
    [ "$code" = 0 ] || fail "the program ended with $code"
}
close_program
echo "window: closed cleanly"

# What was counted when the program is killed is kept, and the next start offers to go on with it.
start_program demo
people=0
for _ in $(seq 80); do
    sleep 0.5
    "$program" sessions --json 2>>"$out/program.log" | grep -q '"closed_utc": null' || continue
    people=$(people_of_the_newest)
    [ "${people:-0}" -lt 1 ] || break
done
[ "$people" -ge 1 ] || fail "nobody was counted before the program was to be killed"
kill -9 "$app"
wait "$app" 2>/dev/null || true
start_program
sleep 4
import -window root "$out/after-kill.png"
[ "$(people_of_the_newest)" -ge "$people" ] || fail "of $people people counted before the kill not all were kept"
close_program
echo "window: what was counted before a kill is kept"
if find "$home" -name '*.log' -exec grep -hE ' (ERROR|CRITICAL) ' {} + | grep .; then fail "there is an error in its log"; fi
