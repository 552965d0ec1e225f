using System.Diagnostics;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A bridge of the guest's kernel between two NICs, each with its stock driver: what enters at one leaves at the other.
/// Removed when disposed.
/// </summary>
internal sealed class KernelBridge : IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100), s_patience = TimeSpan.FromSeconds(60);

    private readonly Guest _guest;
    private readonly int[] _devices;
    private readonly string _module;

    /// <param name="guest">The guest.</param>
    /// <param name="driver">The PCI driver of the NICs.</param>
    /// <param name="module">The module that provides their network interfaces.</param>
    /// <param name="devices">The NICs.</param>
    internal KernelBridge(Guest guest, string driver, string module, params int[] devices)
    {
        (_guest, _module, _devices) = (guest, module, devices);
        guest.LoadDrivers(driver.Replace('-', '_'), module, "bridge");
        // Otherwise Linux would send frames of its own.
        guest.Run("""
            echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
            # The default, fq_codel, drops frames that have waited for 5 ms: an emulated machine is slower than that.
            echo pfifo_fast > /proc/sys/net/core/default_qdisc
            brctl addbr br0
            # Or the bridge reports, by IGMP and at random times, that it snoops.
            echo 0 > /sys/class/net/br0/bridge/multicast_snooping
            ip link set dev br0 up
            """).Succeeded();
        foreach (int device in devices)
        {
            guest.BindTo(driver, GuestMachine.Address(device));
            guest.Run($"""
                name={InterfaceOf(device)}
                brctl addif br0 $name
                ip link set dev $name up
                # Forwarding (BR_STATE_FORWARDING of linux/if_bridge.h): what comes before is lost.
                until [ $(cat /sys/class/net/$name/brport/state) = 3 ]; do sleep 0.1; done
                """).Succeeded();
        }
        WaitUntilFramesPass();
    }

    /// <summary>
    /// Waits until a frame passes in each direction. A port is forwarding a moment before its device's queue is active,
    /// and ixgbe may then set its link up once more: on a busy host that moment was long enough to lose the first 64
    /// frames.
    /// </summary>
    internal void WaitUntilFramesPass()
    {
        EthernetPort left = _guest.Port(_devices[0]), right = _guest.Port(_devices[1]);
        bool there = false, back = false;
        for (long start = Stopwatch.GetTimestamp(); !there || !back; Thread.Sleep(s_pause))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, $"no frame passes: there {there}, back {back}");
            left.TrySend(Probe(1));
            right.TrySend(Probe(2));
            Thread.Sleep(s_pause);
            there |= HasReceived(right);
            back |= HasReceived(left);
        }
        // The last frames must not reach whoever uses the ports next.
        while (HasReceived(left) | HasReceived(right)) Thread.Sleep(s_pause);
    }

    internal static KernelBridge OfVirtio(Guest guest, params int[] devices) =>
        new(guest, "virtio-pci", "virtio_net", devices);

    internal static KernelBridge OfIxgbe(Guest guest, params int[] devices) => new(guest, "ixgbe", "ixgbe", devices);

    /// <summary>
    /// Shell words that expand to the name of a NIC's interface. For virtio it is one level further down.
    /// </summary>
    internal static string InterfaceOf(int device) =>
        $"$(basename $(ls -d /sys/bus/pci/devices/{GuestMachine.Address(device)}/net/* "
        + $"/sys/bus/pci/devices/{GuestMachine.Address(device)}/virtio*/net/* 2> /dev/null))";

    // From a station address of its own to all, with the EtherType for experiments (IEEE 802).
    private static byte[] Probe(byte station) =>
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0x50, 0x52, 0x4F, 0x42, station, 0x88, 0xB5, .. new byte[46]];

    private static bool HasReceived(EthernetPort port)
    {
        Span<byte> frame = new byte[EthernetPort.LongestFrame];
        bool any = false;
        while (port.TryReceive(frame) > 0) any = true;
        return any;
    }

    public void Dispose()
    {
        if (!_guest.IsAlive) return;
        foreach (int device in _devices) _guest.Unbind(GuestMachine.Address(device));
        _guest.Run($"ip link set dev br0 down; brctl delbr br0; rmmod {_module}").Succeeded();
    }
}
