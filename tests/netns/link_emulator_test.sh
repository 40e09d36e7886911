#!/usr/bin/env bash
# The link emulator of the benchmarks against what its profile says, as the ends of the link see it:
# the figures come from their interfaces, pings and numbered packets, not from the emulator.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_lines
need_program python3
namespaces a b
line link a eth0 b eth0
ip -n a addr add 10.1.0.1/24 dev eth0
ip -n b addr add 10.1.0.2/24 dev eth0

emulate() { # PROFILE [PROFILE_BACK]
  begin_line link "$@"
  wait_for 10 in_ns a ping -q -c 1 -W 1 10.1.0.2 || fail "no ping over the link"
}

# numbers COUNT BYTES RATE: sends numbered packets of so many bytes of IP from a to b, RATE a second
# in even steps. Prints "received bursts sorted rate": how many came, in how many gaps the rest was
# lost, whether the order was kept, and the bits of IP per second between the first and the last.
cat >"$work/numbers.py" <<'PYTHON'
import socket, sys, time
role, count, size, pace = sys.argv[1], *map(int, sys.argv[2:5])
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if role == "send":
    rest, start = bytes(size - 28 - 8), time.monotonic()
    for number in range(count):
        while time.monotonic() < start + number / pace:
            time.sleep(0.0005)
        udp.sendto(number.to_bytes(8, "big") + rest, ("10.1.0.2", 9))
    sys.exit()
udp.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
udp.bind(("10.1.0.2", 9))
udp.settimeout(3)
print("ready", file=sys.stderr, flush=True)
numbers, first, last = [], 0, 0
try:
    while not numbers or numbers[-1] < count - 1:
        numbers.append(int.from_bytes(udp.recv(2048)[:8], "big"))
        last = time.monotonic()
        first = first or last
except TimeoutError:
    pass
# The packets at either end are no gap's neighbours; with thousands of packets that is nothing.
gaps = sum(after != before + 1 for before, after in zip(numbers, numbers[1:]))
rate = (len(numbers) - 1) * size * 8 / (last - first)
print(len(numbers), gaps, int(numbers == sorted(numbers)), int(rate))
PYTHON
numbers() {
  spawn receive b python3 "$work/numbers.py" receive "$@"
  wait_for_line receive ready
  limit 40 in_ns a python3 "$work/numbers.py" send "$@"
  wait_for 10 gone "$(pid_of receive)" || fail "the receiver does not end"
  read -r received gaps sorted rate < <(tail -n 1 "$work/receive.log")
  printf '   sent %s, received %s, gaps %s, %s bit/s\n' "$1" "$received" "$gaps" "$rate"
  expect_equal "kept order" "$sorted" 1
}

rtt() { # COUNT: the median RTT in microseconds
  limit 60 in_ns a ping -n -c "$1" -i 0.02 10.1.0.2 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' |
    sort -n | awk '{ value[NR] = $1 } END { printf "%d\n", value[int((NR + 1) / 2)] * 1000 }'
}
# Below it are the two stacks and four wake-ups: 0.1 ms on an idle machine.
rtt_between() { # WHAT VALUE LEAST: at most 0.5 ms for each direction above the profile
  printf '   %s us\n' "$2"
  between "$1" "$2" "$3" $(($3 + 1000))
}

step "an empty profile hands on everything"
emulate ""
rtt_between "RTT" "$(rtt 50)" 0
numbers 5000 500 5000
expect_equal "received" "$received" 5000
end_line link

step "delays of 20 and 5 ms"
emulate delay=20ms delay=5ms
rtt_between "RTT" "$(rtt 50)" 25000
numbers 3000 200 3000
expect_equal "received" "$received" 3000
end_line link

step "a rate of 20 Mbit/s, and a queue of 50 ms that drops its tail"
emulate rate=20Mbit,queue=50ms ""
numbers 6000 1000 4000 # 32 Mbit/s for 1.5 s; 20 and the queue's 50 ms get through
between "rate" "$rate" 19600000 20400000
between "received" "$received" 3750 4000
end_line link

step "a ping behind a full queue of 50 ms waits that long"
emulate rate=20Mbit,queue=50ms ""
spawn flood a python3 "$work/numbers.py" send 16000 1000 4000
sleep 0.5
# The queue takes 50 ms at its fullest; a ping finds it a packet (0.4 ms) or two less full.
waited=$(rtt 40)
printf '   %s us\n' "$waited"
between "RTT" "$waited" 48500 51000
end flood || true
end_line link

step "independent loss of 2 %"
emulate loss=2%,mtu=1500 ""
numbers 30000 200 15000
# 600 of 30000 expected, standard deviation 24.2: 4.5 of them to either side.
between "lost" $((30000 - received)) 491 709
# Two neighbours are lost with 2 %: 588 gaps, standard deviation 23.5.
between "gaps" "$gaps" 482 694
end_line link

step "loss of 2 % in bursts of 5 packets"
emulate burst=2%:5 ""
numbers 60000 200 15000
# 1200 packets in 240 bursts expected. Variances of a two-state chain: of the number lost
# n p (1-p) (1+r) / (1-r), r = 1 - 1/5 - 0.02/0.98/5 = 0.796, standard deviation 102; of the number
# of bursts about that number, standard deviation 15.5. 4.5 of each to either side.
between "lost" $((60000 - received)) 741 1659
between "gaps" "$gaps" 170 310
end_line link

step "an MTU of 1000 one way, loss of 50 % the other"
emulate mtu=1000 loss=0.5
limit 5 in_ns a ping -q -c 1 -W 1 -s 973 -M "do" 10.1.0.2 >/dev/null && fail "1001 bytes got through"
numbers 2000 1000 2000
expect_equal "received" "$received" 2000
end_line link
sed -n 's/^{/   counters: {/p' "$work/link.log"
grep -q "\"there\": {.*\"dropped_too_large\": 1,.*\"back\": " "$work/link.log" ||
  fail "the packet that was too large is not counted"

step "silence on request, and its end"
emulate delay=1ms
silence link
for from in a b; do
  to=10.1.0.$([[ $from == a ]] && echo 2 || echo 1)
  limit 5 in_ns "$from" ping -q -c 3 -i 0.05 -W 1 "$to" >/dev/null && fail "$from got through"
done
end_silence link
limit 5 in_ns a ping -q -c 3 -i 0.05 -W 1 10.1.0.2 >silence.txt
grep -q " 0% packet loss" silence.txt || fail "not all came through again"
end_line link
grep -Eq '"there": {.*"dropped_silently": ([3-9]|[1-9][0-9]).*"back": {.*"dropped_silently": [3-9]' \
  "$work/link.log" || fail "the packets that were lost are not counted"

step "wrong profiles are refused"
for profile in rate=fast rate=nan delay=infms loss=60% burst=1% burst=1%:0.5 corrupt=60% mtu=20 rate delay=1m colour=red; do
  limit 5 in_ns link "$programs/link_emulator" left right "$profile" >"$work/refusal.txt" 2>&1 &&
    fail "'$profile' was taken"
  grep -q "'$profile'" "$work/refusal.txt" || fail "'$profile' is not named in the refusal"
done
