using System.Net.Sockets;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A cable that ends in a TAP interface, which, unlike the datagram one, may have two queues. Needs root.
/// </summary>
internal sealed class TapPort : EthernetPort
{
    private static int s_count;

    /// <summary>The name of the interface.</summary>
    internal string Name { get; } = $"ixyvm{Environment.ProcessId % 100_000}.{Interlocked.Increment(ref s_count)}";

    internal TapPort(bool hasTwoQueues)
    {
        string[] queues = hasTwoQueues ? ["multi_queue"] : [];
        HostTool.Run("ip", ["tuntap", "add", "dev", Name, "mode", "tap", .. queues]);
        try
        {
            // The host's own network stack must send nothing there.
            File.WriteAllText($"/proc/sys/net/ipv6/conf/{Name}/disable_ipv6", "1");
            HostTool.Run("ip", "link", "set", "dev", Name, "mtu", "9000", "arp", "off", "up");
            Socket = PacketSocket.Open(Name);
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

    internal override string Netdev(string id) =>
        $"tap,id={id},ifname={Name},script=no,downscript=no,queues=2,vhost=off";

    public override void Dispose()
    {
        Socket.Dispose();
        Delete();
    }

    private void Delete() => HostTool.Run("ip", "link", "delete", "dev", Name);
}
