using System.Net.Sockets;

namespace Ixy.Vm.Tests.Rig;

/// <summary>A cable that ends in a TAP interface with two queues, because the datagram one has only one. Needs root.</summary>
internal sealed class TapPort : EthernetPort
{
    private static int s_count;

    private readonly string _name = $"ixyvm{Environment.ProcessId % 100_000}.{Interlocked.Increment(ref s_count)}";

    internal TapPort()
    {
        HostTool.Run("ip", "tuntap", "add", "dev", _name, "mode", "tap", "multi_queue");
        try
        {
            // The host's own network stack has nothing to say there.
            File.WriteAllText($"/proc/sys/net/ipv6/conf/{_name}/disable_ipv6", "1");
            HostTool.Run("ip", "link", "set", "dev", _name, "mtu", "9000", "arp", "off", "up");
            Socket = PacketSocket.Open(_name);
        }
        catch
        {
            Delete();
            throw;
        }
    }

    protected override Socket Socket { get; }

    internal static void SkipIfUnavailable()
    {
        Skip.IfNot(Environment.IsPrivilegedProcess, "needs root: a TAP interface");
        Skip.IfNot(File.Exists("/dev/net/tun"), "there is no /dev/net/tun (modprobe tun)");
        Skip.IfNot(HostTool.Exists("ip"), "ip is not installed (apt install iproute2)");
    }

    internal override string Netdev(string id) => $"tap,id={id},ifname={_name},script=no,downscript=no,queues=2,vhost=off";

    public override void Dispose()
    {
        Socket.Dispose();
        Delete();
    }

    private void Delete() => HostTool.Run("ip", "link", "delete", "dev", _name);
}
