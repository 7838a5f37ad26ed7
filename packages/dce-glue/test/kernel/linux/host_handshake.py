"""One short connection between two network namespaces of the Linux that runs this, as hexadecimal frames.

Run as root in a network namespace of its own:  unshare -n python3 host_handshake.py
A second one is made for the server. Nothing outside of the two is touched, and both end with this program.
"""
import json, os, socket, subprocess, sys, time

CLIENT, SERVER, PORT = "10.0.0.2", "10.0.0.1", 80


def serve():
    listener = socket.create_server((SERVER, PORT))
    print("ready", flush=True)
    connection, _ = listener.accept()
    connection.recv(100)
    connection.send(b"world")
    connection.recv(100)
    connection.close()


def sh(*argv):
    subprocess.run(argv, check=True)


def namespace_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def talk(holder):
    inside = ["nsenter", "-t", str(holder), "-n"]
    sh("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", str(holder))
    sh("ip", "addr", "add", CLIENT + "/24", "dev", "v0")
    sh("ip", "link", "set", "v0", "up")
    sh(*inside, "ip", "addr", "add", SERVER + "/24", "dev", "v1")
    sh(*inside, "ip", "link", "set", "v1", "up")
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    tap.bind(("v0", 0))
    tap.settimeout(0.3)
    server = subprocess.Popen(
        inside + [sys.executable, __file__, "serve"], stdout=subprocess.PIPE
    )
    server.stdout.readline()
    connection = socket.create_connection((SERVER, PORT), 10)
    connection.send(b"hello")
    connection.recv(100)
    connection.close()
    server.wait(10)
    frames = []
    try:
        while True:
            frame = tap.recv(2000)
            if frame[12:14] == b"\x08\x00" and frame[23] == 6:
                frames.append(frame.hex())
    except TimeoutError:
        pass
    with open("/proc/sys/net/ipv4/tcp_rmem") as file:
        rmem = file.read().strip()
    print(json.dumps({"frames": frames, "tcp_rmem": rmem}))


def main():
    holder = subprocess.Popen(["unshare", "-n", "sleep", "60"])
    try:
        for _ in range(500):
            if namespace_of(holder.pid) != namespace_of("self"):
                break
            time.sleep(0.01)
        talk(holder.pid)
    finally:
        holder.kill()
        holder.wait()


if sys.argv[1:] == ["serve"]:
    serve()
else:
    main()
