// Bulk TCP through two routers, 100 Mbit/s bottleneck, 10 ms base round trip: the peer of bench/tcp-bulk.ts.
//   tcp-bulk FLOWS SECONDS   prints one JSON object
#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"
#include <cstdio>
#include <ctime>

using namespace ns3;

static const uint32_t MSS = 1448;
static const uint16_t PORT = 5000;

static void LikeLinux()
{
    Config::SetDefault("ns3::TcpL4Protocol::SocketType", StringValue("ns3::TcpCubic"));
    Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(MSS));
    Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(4 << 20));
    Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(6 << 20));
    Config::SetDefault("ns3::TcpSocket::InitialCwnd", UintegerValue(10));
    Config::SetDefault("ns3::TcpSocket::DelAckCount", UintegerValue(2));
}

static PointToPointHelper Cable(const char* rate, const char* delay, const char* queue)
{
    PointToPointHelper cable;
    cable.SetDeviceAttribute("DataRate", StringValue(rate));
    cable.SetChannelAttribute("Delay", StringValue(delay));
    cable.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue(queue));
    return cable;
}

int main(int argc, char** argv)
{
    if (argc != 3)
        return fprintf(stderr, "usage: tcp-bulk FLOWS SECONDS\n"), 2;
    const int flows = atoi(argv[1]);
    const double seconds = atof(argv[2]);
    LikeLinux();

    NodeContainer left(flows), right(flows), routers(2);
    InternetStackHelper().InstallAll();
    PointToPointHelper access = Cable("1Gbps", "500us", "10000p");
    PointToPointHelper bottleneck = Cable("100Mbps", "4ms", "100p");
    Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
    auto join = [&](PointToPointHelper& cable, Ptr<Node> a, Ptr<Node> b) {
        NetDeviceContainer ends = cable.Install(a, b);
        Ipv4InterfaceContainer interfaces = addresses.Assign(ends);
        TrafficControlHelper().Uninstall(ends);
        addresses.NewNetwork();
        return interfaces;
    };
    join(bottleneck, routers.Get(0), routers.Get(1));
    ApplicationContainer sinks;
    for (int i = 0; i < flows; i++)
    {
        join(access, left.Get(i), routers.Get(0));
        const Ipv4Address server = join(access, routers.Get(1), right.Get(i)).GetAddress(1);
        PacketSinkHelper sink("ns3::TcpSocketFactory", InetSocketAddress(Ipv4Address::GetAny(), PORT));
        sinks.Add(sink.Install(right.Get(i)));
        BulkSendHelper source("ns3::TcpSocketFactory", InetSocketAddress(server, PORT));
        source.SetAttribute("SendSize", UintegerValue(MSS));
        source.Install(left.Get(i)).Start(MilliSeconds(1 + 10 * i));
    }
    Ipv4GlobalRoutingHelper::PopulateRoutingTables();
    Simulator::Stop(Seconds(seconds));

    const double started = double(clock()) / CLOCKS_PER_SEC;
    Simulator::Run();
    const double cpu = double(clock()) / CLOCKS_PER_SEC - started;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < sinks.GetN(); i++)
        bytes += DynamicCast<PacketSink>(sinks.Get(i))->GetTotalRx();
    printf("{\"bytes\":%lu,\"goodputMbps\":%.3f,\"events\":%lu,\"cpuSeconds\":%.6f}\n", bytes,
           bytes * 8 / seconds / 1e6, Simulator::GetEventCount(), cpu);
    Simulator::Destroy();
}
