namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A bridge of the guest's kernel between two NICs, each with its stock driver: what comes in at one goes out at the
/// other. Taken down when disposed.
/// </summary>
internal sealed class KernelBridge : IDisposable
{
    private readonly Guest _guest;
    private readonly int[] _devices;
    private readonly string _module;

    /// <param name="guest">The guest.</param>
    /// <param name="driver">The PCI driver of the NICs.</param>
    /// <param name="module">The module that makes network interfaces of what it is bound to.</param>
    /// <param name="devices">The NICs.</param>
    internal KernelBridge(Guest guest, string driver, string module, params int[] devices)
    {
        (_guest, _module, _devices) = (guest, module, devices);
        guest.LoadDrivers(driver.Replace('-', '_'), module, "bridge");
        // Otherwise Linux has something to say, too.
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
    }

    internal static KernelBridge OfVirtio(Guest guest, params int[] devices) => new(guest, "virtio-pci", "virtio_net", devices);

    internal static KernelBridge OfIxgbe(Guest guest, params int[] devices) => new(guest, "ixgbe", "ixgbe", devices);

    /// <summary>Words for a shell that become the name of a NIC's interface. virtio's is one floor further down.</summary>
    internal static string InterfaceOf(int device) =>
        $"$(basename $(ls -d /sys/bus/pci/devices/{GuestMachine.Address(device)}/net/* /sys/bus/pci/devices/{GuestMachine.Address(device)}/virtio*/net/* 2> /dev/null))";

    public void Dispose()
    {
        if (!_guest.IsAlive) return;
        foreach (int device in _devices) _guest.Unbind(GuestMachine.Address(device));
        _guest.Run($"ip link set dev br0 down; brctl delbr br0; rmmod {_module}").Succeeded();
    }
}
