using Ixy.Simulation.Virtio;
using Ixy.Virtio;

namespace Ixy.Testing.Cards;

/// <summary>The cards that offloads are tested with.</summary>
public enum OffloadCard
{
    Ixgbe,
    Legacy,
    LegacyPlain,
    Split,
    Packed,
}

/// <summary>Our drivers on simulated cards, with offloads.</summary>
internal static class OffloadBench
{
    internal static TheoryData<OffloadCard> Cards => [.. Enum.GetValues<OffloadCard>()];

    internal static DriverBench Open(OffloadCard card, Offloads offloads, NetworkDeviceOptions? options = null)
    {
        var opened = (options ?? DriverBench.Defaults) with { Offloads = offloads };
        return card == OffloadCard.Ixgbe ? new(opened) : new(opened, Virtio(card));
    }

    internal static VirtioCardOptions Virtio(OffloadCard card) => new()
    {
        IsLegacy = card is OffloadCard.Legacy or OffloadCard.LegacyPlain,
        IsPacked = card is OffloadCard.Packed,
        // Without these, a legacy card uses the short header.
        Withheld = card is OffloadCard.LegacyPlain ? VirtioFeatures.MergeableBuffers | VirtioFeatures.EventIndex : 0,
    };

    /// <summary>Allocates packets with these frames in them, all with the same flags.</summary>
    internal static Packet[] Allocate(this DriverBench bench, PacketFlags flags, params byte[][] frames)
    {
        var packets = new Packet[frames.Length];
        Assert.Equal(frames.Length, bench.Device.ReceiveQueues[0].Pool.Allocate(packets));
        for (int i = 0; i < frames.Length; i++)
        {
            packets[i].Length = frames[i].Length;
            packets[i].Flags = flags;
            frames[i].CopyTo(packets[i].Data);
        }
        return packets;
    }

    /// <summary>Transmits all of them, and waits until they are on the wire.</summary>
    internal static byte[][] Send(this DriverBench bench, Packet[] packets)
    {
        int sent = 0, count = bench.Wire.FromCard.Count + packets.Length;
        DriverBench.Until(
            () => (sent += bench.Device.Transmit(packets.AsSpan(sent))) == packets.Length, "room in the ring");
        DriverBench.Until(() => bench.Wire.FromCard.Count == count, $"{count} frames on the wire");
        return [.. bench.Wire.FromCard.Skip(count - packets.Length)];
    }

    /// <summary>A frame as it appears on the wire of this card: an Intel card pads it to the minimum length.</summary>
    internal static byte[] OnWire(OffloadCard card, byte[] frame) =>
        card == OffloadCard.Ixgbe && frame.Length < 60 ? [.. frame, .. new byte[60 - frame.Length]] : frame;

    /// <summary>A frame with an 802.1Q tag after its addresses.</summary>
    internal static byte[] Tagged(byte[] frame, ushort tag) =>
        [.. frame[..12], 0x81, 0x00, (byte)(tag >> 8), (byte)tag, .. frame[12..]];
}
