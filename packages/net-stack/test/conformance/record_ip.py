"""Records how this kernel answers single IPv4 packets.  unshare -n python3 record_ip.py > fixtures/linux-ip.json"""
import fcntl, json, os, platform, select, socket, struct, subprocess, time


def csum(data):
    s = sum(struct.unpack("!%dH" % ((len(data) + 1) // 2), data + b"\0" * (len(data) % 2)))
    while s >> 16: s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


ADDRS = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.168.0.1")


def ip(proto, payload, ttl=64, tos=0, frag=0x4000, ident=0x1234):
    h = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(payload), ident, frag, ttl, proto, 0) + ADDRS
    return h[:10] + struct.pack("!H", csum(h)) + h[12:] + payload


def icmp(kind, data, code=0, bad=0):
    c = csum(struct.pack("!BBH", kind, code, 0) + data) ^ bad
    return struct.pack("!BBH", kind, code, c) + data


def l4(proto, segment, at):
    c = csum(ADDRS + struct.pack("!HH", proto, len(segment)) + segment)
    return segment[:at] + struct.pack("!H", c) + segment[at + 2:]


def udp(n):
    return l4(17, struct.pack("!HHHH", 4000, 4001, 8 + n, 0) + bytes(n), 6)


def tcp(flags, seq=5, ack=0):
    return l4(6, struct.pack("!HHIIBBHHH", 4000, 4001, seq, ack, 0x50, flags, 1000, 0, 0), 16)


PACKETS = [
    ("echo request", ip(1, icmp(8, b"\1\2\3\4abcdefgh"))),
    ("echo request without DF, with TOS and a low TTL", ip(1, icmp(8, b"\1\2\3\4abcdefgh"), ttl=3, tos=0x28, frag=0)),
    ("echo request with a bad checksum", ip(1, icmp(8, b"\1\2\3\4abcdefgh", bad=1))),
    ("echo reply that nobody asked for", ip(1, icmp(0, b"\1\2\3\4abcdefgh"))),
    ("address mask request", ip(1, icmp(17, bytes(8)))),
    ("unknown ICMP type", ip(1, icmp(99, bytes(8)))),
    ("UDP to a closed port", ip(17, udp(20))),
    ("long UDP to a closed port, with TOS", ip(17, udp(1400), tos=0x48)),
    ("unknown protocol", ip(200, bytes(30))),
    ("first fragment of an unknown protocol", ip(200, bytes(32), frag=0x2000)),
    ("SYN to a closed port, with TOS", ip(6, tcp(2), tos=0x28)),
    ("SYN to a closed port, ECN-capable", ip(6, tcp(2), tos=0x2A)),
    ("ACK to a closed port", ip(6, tcp(16, ack=77))),
]


def main():
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", b"sim0", 0x1001))
    for args in ("link set lo up", "addr add 192.168.0.1/16 dev sim0", "link set sim0 up", "route add default dev sim0"):
        subprocess.run(["ip", *args.split()], check=True)
    rows = []
    time.sleep(0.1)
    for name, packet in PACKETS:
        os.write(fd, packet)
        got, end = [], time.monotonic() + 0.1
        while (left := end - time.monotonic()) > 0:
            if select.select([fd], [], [], left)[0]:
                p = os.read(fd, 65536)
                if p[0] >> 4 == 4 and p[9] != 2: got.append(p.hex())
        rows.append({"name": name, "packet": packet.hex(), "answers": got})
        # The limit of ICMP errors to one host lets one through a second.
        time.sleep(1)
    print('{"kernel": "%s", "rows": [' % platform.release().split("-")[0])
    print(",\n".join(json.dumps(r) for r in rows) + "\n]}")


main()
