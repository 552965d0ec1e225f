namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A bridge of the host between the cables of two NICs. The host's kernel passes checksums on as they are, and
/// completes incomplete ones if the other side requires it.
/// </summary>
internal sealed class HostBridge : IDisposable
{
    private static int s_count;

    private readonly string _name = $"ixybr{Environment.ProcessId % 100_000}.{Interlocked.Increment(ref s_count)}";

    internal HostBridge(params TapPort[] ports)
    {
        HostTool.Run(
            "ip", "link", "add", "name", _name, "type", "bridge", "stp_state", "0", "forward_delay", "0",
            "mcast_snooping", "0");
        try
        {
            // The host's own network stack must send nothing there.
            File.WriteAllText($"/proc/sys/net/ipv6/conf/{_name}/disable_ipv6", "1");
            foreach (var port in ports) HostTool.Run("ip", "link", "set", "dev", port.Name, "master", _name);
            HostTool.Run("ip", "link", "set", "dev", _name, "arp", "off", "up");
            Assert.True(
                SpinWait.SpinUntil(() => ports.All(IsForwarding), TimeSpan.FromSeconds(20)),
                "the bridge does not forward");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    // BR_STATE_FORWARDING (linux/if_bridge.h)
    private static bool IsForwarding(TapPort port) =>
        File.ReadAllText($"/sys/class/net/{port.Name}/brport/state").Trim() == "3";

    public void Dispose() => HostTool.Run("ip", "link", "delete", "dev", _name);
}
