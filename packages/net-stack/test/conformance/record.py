"""Plays the dialogues of a scenario file against the kernel that runs this, and prints what it did.

Run as root; each dialogue gets a network namespace:  python3 record.py scenarios.json > fixtures/linux.json
The peer is this program behind a TUN device: 192.0.2.1:50000 to our 192.168.0.1:8080.
"""
import concurrent.futures, fcntl, json, os, platform, re, select, socket, struct, subprocess, sys, time

LOCAL, REMOTE = "192.168.0.1", "192.0.2.1"
SETTLE = 0.004
FLAGS = [("F", 1), ("S", 2), ("R", 4), ("P", 8), (".", 16), ("U", 32), ("E", 64), ("W", 128)]
ORDER = ["S", "F", "R", "P", "U", "E", "W", "."]
BIT = dict(FLAGS)


def sh(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def sysctl(path, value):
    with open("/proc/sys/" + path.replace(".", "/"), "w") as f:
        f.write(str(value))


def csum(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


class Wire:
    def __init__(self):
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, 0x400454CA, struct.pack("16sH22x", b"sim0", 0x1001))
        sh("ip", "link", "set", "lo", "up")
        for path in ("net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"):
            try:
                sysctl(path, 1)
            except OSError:
                pass
        # The defaults of 6.12; later kernels allow larger buffers.
        sysctl("net.ipv4.tcp_rmem", "4096 131072 6291456")
        sysctl("net.ipv4.tcp_wmem", "4096 16384 4194304")
        sysctl("net.ipv4.tcp_no_metrics_save", 1)
        sh("ip", "addr", "add", LOCAL + "/16", "dev", "sim0")
        sh("ip", "link", "set", "sim0", "up")
        sh("ip", "route", "add", "default", "dev", "sim0")
        self.port = 50000

    def begin(self):
        self.iss = self.ts = None
        self.port += 1
        self.local_port = 8080
        self.syn_only = True
        self.socks = []
        self.new_socket()
        self.drain(0.02)
        self.out = []

    def new_socket(self):
        self.s = socket.socket()
        self.s.setblocking(False)
        # The default of the recording host may be another one.
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        self.socks.append(self.s)

    def ours(self, n):
        return ((self.iss or 0) + n) & 0xFFFFFFFF

    def inject(self, text):
        m = re.match(r"(\S+) (\d+):\d+\((\d+)\)(?: ack (\d+))?(?: win (\d+))?(?: urg (\d+))?(?: <(.*)>)?$", text)
        flags, seq, length, ack, win, urg, options = m.groups()
        opts = b""
        for o in (options or "").split(",") if options else []:
            w = o.split()
            if w[0] == "nop": opts += b"\1"
            elif w[0] == "sackOK": opts += b"\4\2"
            elif w[0] == "mss": opts += struct.pack("!BBH", 2, 4, int(w[1]))
            elif w[0] == "wscale": opts += struct.pack("!BBB", 3, 3, int(w[1]))
            elif w[0] == "TS":
                ecr = int(w[4])
                opts += struct.pack("!BBII", 8, 10, int(w[2]), 0 if ecr == 0 else ((self.ts or 0) + ecr - 100) & 0xFFFFFFFF)
            elif w[0] == "sack":
                opts += struct.pack("!BB", 5, 2 + 8 * len(w[1:]))
                for b in w[1:]:
                    x, y = b.split(":")
                    opts += struct.pack("!II", self.ours(int(x)), self.ours(int(y)))
        while len(opts) % 4: opts += b"\0"
        bits = 0
        for f, b in FLAGS:
            if f in flags: bits |= b
        tcp = struct.pack("!HHIIBBHHH", self.port, self.local_port, int(seq), self.ours(int(ack)) if ack else 0,
                          (20 + len(opts)) // 4 << 4, bits, int(win or 0), 0, int(urg or 0)) + opts + bytes([int(seq) & 255]) * int(length)
        addrs = socket.inet_aton(REMOTE) + socket.inet_aton(LOCAL)
        c = csum(addrs + struct.pack("!HH", 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack("!H", c) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 255, 6, 0) + addrs
        ip = ip[:10] + struct.pack("!H", csum(ip)) + ip[12:]
        os.write(self.fd, ip + tcp)

    def capture(self, p):
        if p[0] >> 4 != 4 or p[9] != 6: return None
        at = (p[0] & 15) * 4
        sport, dport, seq, ack, off, bits, win, _, urg = struct.unpack("!HHIIBBHHH", p[at:at + 20])
        self.local_port = sport
        if self.iss is None:
            self.iss = seq
            if dport != 8080: self.port = self.port
            self.port = dport
        hl = (off >> 4) * 4
        o, words = p[at + 20:at + hl], []
        i = 0
        while i < len(o):
            k = o[i]
            if k == 0: break
            if k == 1: words.append("nop"); i += 1; continue
            n = o[i + 1]; v = o[i + 2:i + n]
            if k == 2: words.append("mss %d" % struct.unpack("!H", v))
            elif k == 3: words.append("wscale %d" % v[0])
            elif k == 4: words.append("sackOK")
            elif k == 8:
                val, ecr = struct.unpack("!II", v)
                if self.ts is None: self.ts = val
                words.append("TS val %d ecr %d" % ((val - self.ts & 0xFFFFFFFF) + 100, ecr))
            elif k == 5:
                words.append("sack " + " ".join("%d:%d" % struct.unpack("!II", v[j:j + 8]) for j in range(0, len(v), 8)))
            i += n
        fl = "".join(f for f in ORDER if bits & BIT[f])
        syn, rst = bits & 2, bits & 4
        rel = (seq - self.iss if syn else 0) if syn or (rst and seq == 0) else (seq - self.iss) & 0xFFFFFFFF
        n = len(p) - at - hl
        t = "%s %d:%d(%d)" % (fl, rel, rel + n, n)
        if bits & 16: t += " ack %d" % ack
        t += " win %d" % win
        if urg: t += " urg %d" % urg
        if words: t += " <" + ",".join(words) + ">"
        ident, frag = struct.unpack("!HH", p[4:8])
        return t

    def drain(self, seconds):
        end = time.monotonic() + seconds
        got = []
        start = self.step_start if hasattr(self, "step_start") else time.monotonic()
        while True:
            left = end - time.monotonic()
            if left <= 0: return got
            if select.select([self.fd], [], [], left)[0]:
                now = time.monotonic()
                try: p = os.read(self.fd, 65536)
                except BlockingIOError: continue
                t = self.capture(p) if hasattr(self, "iss") else None
                if t: got.append([round((now - start) * 1000, 1), t])

    def call(self, fn):
        try:
            r = fn()
            return 0 if r is None else r
        except OSError as e:
            return -e.errno

    def step(self, step):
        w = step.split()
        op, args = w[0], w[1:]
        s = self.s
        if op == "<": self.inject(step[2:]); return 0
        if op == "wait": return 0
        if op == "bind": return self.call(lambda: s.bind(("0.0.0.0", int(args[0]))))
        if op == "listen": return self.call(lambda: s.listen(int(args[0])))
        if op == "socket":
            self.new_socket(); return 0
        if op == "use": self.s = self.socks[int(args[0])]; return 0
        if op == "accept":
            def acc():
                c, _ = s.accept(); c.setblocking(False); self.s = c; self.socks.append(c); return 0
            return self.call(acc)
        if op == "connect": return self.call(lambda: s.connect((REMOTE, 8080)))
        if op == "send": return self.call(lambda: s.send(bytes(int(args[0])), (int(args[1]) if len(args) > 1 else 0) | socket.MSG_NOSIGNAL))
        if op == "recv": return self.call(lambda: len(s.recv(int(args[0]), int(args[1]) if len(args) > 1 else 0)))
        if op == "shutdown": return self.call(lambda: s.shutdown(int(args[0])))
        if op == "close": return self.call(lambda: s.close())
        if op == "set":
            b = bytes.fromhex(args[2])
            return self.call(lambda: s.setsockopt(int(args[0]), int(args[1]), b))
        if op == "get":
            return self.call(lambda: s.getsockopt(int(args[0]), int(args[1]), int(args[2])).hex())
        if op == "poll":
            p = select.poll(); p.register(s, 0x3FFF & ~0x1000 & ~0x800)
            r = p.poll(0); return r[0][1] if r else 0
        if op == "inq": return self.ioctl(0x541B)
        if op == "outq": return self.ioctl(0x5411)
        if op == "outqnsd": return self.ioctl(0x894B)
        if op == "sockname": return self.call(lambda: len(s.getsockname()) and 0)
        if op == "peername": return self.call(lambda: len(s.getpeername()) and 0)
        if op == "info":
            b = s.getsockopt(6, 11, 248)
            return {k: (b[o] if sz == 1 else struct.unpack_from("=I", b, o)[0]) for k, o, sz in INFO}
        raise ValueError(step)

    def ioctl(self, n):
        return self.call(lambda: struct.unpack("i", fcntl.ioctl(self.s, n, b"\0\0\0\0"))[0])

    def end(self):
        for s in self.socks:
            try: s.setsockopt(1, 13, struct.pack("ii", 1, 0))
            except OSError: pass
            s.close()


INFO = [("state", 0, 1), ("ca_state", 1, 1), ("retransmits", 2, 1), ("probes", 3, 1), ("backoff", 4, 1), ("options", 5, 1), ("wscale", 6, 1),
        ("snd_mss", 16, 4), ("rcv_mss", 20, 4), ("unacked", 24, 4), ("sacked", 28, 4), ("lost", 32, 4), ("retrans", 36, 4),
        ("pmtu", 60, 4), ("rcv_ssthresh", 64, 4), ("snd_ssthresh", 76, 4), ("snd_cwnd", 80, 4), ("advmss", 84, 4), ("reordering", 88, 4),
        ("rcv_space", 96, 4), ("total_retrans", 100, 4), ("notsent", 144, 4), ("snd_wnd", 228, 4), ("rcv_wnd", 232, 4)]


def play(sc):
    wire = Wire()
    wire.begin()
    for k, v in sc.get("sysctl", {}).items(): sysctl(k, v)
    rows = []
    for step in sc["steps"]:
        wire.step_start = time.monotonic()
        r = wire.step(step)
        sent = wire.drain(float(step.split()[1]) if step.startswith("wait") else SETTLE)
        rows.append([step, r, sent])
    wire.end()
    print(json.dumps(rows))


def main():
    path = sys.argv[1]
    scenarios = json.load(open(path))
    if len(sys.argv) > 2: return play(scenarios[int(sys.argv[2])])
    # A namespace each: no TIME_WAIT, no metrics and no port of one dialogue reaches the next.
    def record(i):
        argv = ["unshare", "-n", sys.executable, sys.argv[0], path, str(i)]
        return json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout)

    # Few at a time, for the times of segments count.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(record, range(len(scenarios))))
    print('{\n"kernel": "%s",\n"scenarios": [' % platform.release().split("-")[0])
    print(",\n".join('{"name": %s, "rows": [\n%s\n]}' % (json.dumps(s["name"]), ",\n".join(json.dumps(x) for x in r))
                     for s, r in zip(scenarios, rows)))
    print("]\n}")


main()
