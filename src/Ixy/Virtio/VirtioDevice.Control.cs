using System.Buffers.Binary;
using Ixy.Vfio;
using static Ixy.Virtio.VirtioConstants;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

// 5.1.6.5 Control virtqueue: what can be changed while the device is running.
public sealed partial class VirtioDevice
{
    private const string NoFilter =
        "VIRTIO_NET_F_CTRL_RX: it has no filter that could be changed (virtio 1.2, 5.1.6.5.1)";

    // 5.1.6.5.1 Packet receive filtering. A device without a filter receives everything: of its two modes only
    // promiscuous has an effect, and it cannot be switched off. The specification does not say what a device with a
    // filter accepts after a reset, so both are set.
    private protected override void SetReceiveModes(bool promiscuous, bool allMulticast)
    {
        if (Has(VirtioFeatures.ControlReceive))
        {
            CommandPromiscuous(promiscuous);
            try
            {
                Command("all-multicast", SetAllMulticast, [allMulticast ? (byte)1 : (byte)0]);
            }
            catch (DeviceProtocolException)
            {
                // No half of the change may stay.
                CommandPromiscuous(Promiscuous);
                throw;
            }
        }
        else if (!promiscuous)
        {
            throw new FeatureNotOfferedException($"{Name} does not offer {NoFilter}");
        }
    }

    // 5.1.6.5.2 Setting MAC address filtering: always sends both tables as a whole.
    private void AddFilter(List<MacAddress> table, MacAddress address)
    {
        if (!Has(VirtioFeatures.ControlReceive))
            throw new FeatureNotOfferedException($"{Name} does not offer {NoFilter}");
        if (table.Contains(address)) return;
        if (_unicast.Count + _multicast.Count == VirtioControlQueue.MostAddresses)
            throw new InvalidOperationException(
                $"all {VirtioControlQueue.MostAddresses} receive addresses of {Name} are in use");
        table.Add(address);
        try
        {
            CommandTables();
        }
        catch
        {
            // So that adding it again sends the command again.
            table.Remove(address);
            throw;
        }
    }

    private void CommandTables()
    {
        byte[] tables = new byte[2 * sizeof(uint) + 6 * (_unicast.Count + _multicast.Count)];
        int written = WriteTable(_unicast, tables);
        WriteTable(_multicast, tables.AsSpan(written));
        Command("MAC address table", SetMacTable, tables);
    }

    // 5.1.4.1: without a command for it, only a legacy device's configuration can be written.
    private void WriteMacAddress(MacAddress address)
    {
        Span<byte> bytes = stackalloc byte[6];
        address.CopyTo(bytes);
        if (Has(VirtioFeatures.ControlMacAddress))
        {
            Command("MAC address", SetMacAddress, bytes);
            return;
        }
        if (!_transport.IsLegacy)
            throw new FeatureNotOfferedException(
                $"{Name} does not offer VIRTIO_NET_F_CTRL_MAC_ADDR: its address cannot be changed (virtio 1.2, "
                + "5.1.6.5.2)");
        for (uint i = 0; i < 6; i++) _transport.WriteConfig(Net.Mac + i, bytes[(int)i]);
    }

    private static int WriteTable(List<MacAddress> addresses, Span<byte> table)
    {
        BinaryPrimitives.WriteInt32LittleEndian(table, addresses.Count);
        int length = sizeof(uint);
        foreach (var address in addresses)
        {
            address.CopyTo(table[length..]);
            length += 6;
        }
        return length;
    }

    private void CommandPromiscuous(bool on) => Command("promiscuous", SetPromiscuous, [on ? (byte)1 : (byte)0]);

    private void Command(string what, ushort command, ReadOnlySpan<byte> data)
    {
        try
        {
            _control!.Execute(what, command, data);
        }
        catch (DeviceTimeoutException) when (_transport.Status == NoAnswer)
        {
            throw Gone();
        }
    }
}
