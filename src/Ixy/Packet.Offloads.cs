namespace Ixy;

// Metadata of a frame.
public unsafe partial struct Packet
{
    internal const int FlagsShift = 16, HashShift = 32;
    private const ulong FlagsMask = 0x00FF_0000;

    /// <summary>
    /// What the device found out about a received frame, and what it should do to a transmitted one. Always empty
    /// unless <see cref="NetworkDeviceOptions.Offloads"/> requested it when the device was opened.
    /// </summary>
    public PacketFlags Flags
    {
        readonly get => (PacketFlags)(byte)(Metadata >> FlagsShift);
        set => Metadata = (Metadata & ~FlagsMask) | (ulong)(byte)value << FlagsShift;
    }

    /// <summary>
    /// The VLAN tag that was stripped (<see cref="PacketFlags.VlanStripped"/>) or is to be inserted
    /// (<see cref="PacketFlags.InsertVlan"/>); meaningless without these flags. It is the tag control information of
    /// IEEE 802.1Q: VLAN id in bits 0 to 11, drop eligible in bit 12, priority in bits 13 to 15. It is stored in the
    /// buffer's headroom, in front of the frame, so a stripped tag can be inserted again without setting it.
    /// </summary>
    /// <exception cref="PacketMisuseException">
    /// The packet belongs to no pool; or the pool is checked, and the packet was already transmitted or freed.
    /// </exception>
    public readonly ushort VlanTag
    {
        get
        {
            Pool.Checks?.VerifyHeld(this, "read or written");
            return VlanTagOf(Buffer);
        }
        set
        {
            Pool.Checks?.VerifyHeld(this, "read or written");
            VlanTagOf(Buffer) = value;
        }
    }

    /// <summary>The hash the card computed to choose a queue (RSS); 0 if it computed none.</summary>
    public readonly uint RssHash => (uint)(Metadata >> HashShift);

    /// <summary>
    /// Where the tag is stored: at the far end of the headroom, because virtio's header uses the near end.
    /// </summary>
    internal static ref ushort VlanTagOf(ulong buffer) => ref *(ushort*)((buffer & AddressMask) - PacketPool.Headroom);
}
