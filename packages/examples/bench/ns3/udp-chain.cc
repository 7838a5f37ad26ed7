// Datagrams at 90 % of 1 Gbit/s through a chain of routers: the peer of `dce run dce-udp-perf`.
//   udp-chain HOPS PACKETS PAYLOAD QDISC(0|1)   prints one JSON object
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"
#include <cstdio>
#include <ctime>

using namespace ns3;

static double ProcessSeconds()
{
    return double(clock()) / CLOCKS_PER_SEC;
}

class Blaster
{
  public:
    Blaster(Ptr<Socket> socket, uint32_t payload, uint64_t packets)
        : m_socket(socket), m_payload(payload), m_left(packets)
    {
        // IPv4 and UDP headers, and ns-3's two octets of PPP.
        m_interval = NanoSeconds(uint64_t(payload + 30) * 8 * 10 / 9);
    }

    void Send()
    {
        m_socket->Send(Create<Packet>(m_payload));
        if (--m_left > 0)
            Simulator::Schedule(m_interval, &Blaster::Send, this);
    }

  private:
    Ptr<Socket> m_socket;
    uint32_t m_payload;
    uint64_t m_left;
    Time m_interval;
};

static uint64_t g_received;

static void Receive(Ptr<Socket> socket)
{
    while (socket->Recv())
        g_received++;
}

int main(int argc, char** argv)
{
    if (argc != 5)
        return fprintf(stderr, "usage: udp-chain HOPS PACKETS PAYLOAD QDISC\n"), 2;
    const int hops = atoi(argv[1]);
    const uint64_t packets = strtoull(argv[2], nullptr, 10);
    const bool qdisc = atoi(argv[4]) != 0;

    NodeContainer nodes(hops + 1);
    InternetStackHelper().Install(nodes);
    PointToPointHelper cable;
    cable.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
    cable.SetChannelAttribute("Delay", StringValue("10us"));
    Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
    Ipv4Address destination;
    for (int i = 0; i < hops; i++)
    {
        NetDeviceContainer ends = cable.Install(nodes.Get(i), nodes.Get(i + 1));
        destination = addresses.Assign(ends).GetAddress(1);
        addresses.NewNetwork();
        if (!qdisc)
            TrafficControlHelper().Uninstall(ends);
    }
    Ipv4GlobalRoutingHelper::PopulateRoutingTables();

    const TypeId udp = UdpSocketFactory::GetTypeId();
    Ptr<Socket> sink = Socket::CreateSocket(nodes.Get(hops), udp);
    sink->Bind(InetSocketAddress(Ipv4Address::GetAny(), 9));
    sink->SetRecvCallback(MakeCallback(&Receive));
    Ptr<Socket> source = Socket::CreateSocket(nodes.Get(0), udp);
    source->Connect(InetSocketAddress(destination, 9));
    Blaster blaster(source, atoi(argv[3]), packets);
    Simulator::Schedule(Seconds(1), &Blaster::Send, &blaster);

    const double started = ProcessSeconds();
    Simulator::Run();
    const double cpu = ProcessSeconds() - started;
    printf("{\"delivered\":%lu,\"packetHops\":%lu,\"events\":%lu,\"cpuSeconds\":%.6f}\n",
           g_received, g_received * hops, Simulator::GetEventCount(), cpu);
    Simulator::Destroy();
}
