using System.Runtime.InteropServices;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// 16 bytes of a transmit ring in host memory: a legacy descriptor, an advanced data descriptor or a context descriptor
/// (datasheet 7.2.3.2).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TransmitDescriptor
{
    // Command, in every format
    internal const uint LengthMask = 0xFFFF, EndOfPacket = 1u << 24, InsertFcs = 1u << 25, ReportStatus = 1u << 27;
    internal const uint Extended = 1u << 29, InsertVlan = 1u << 30;

    // Command of a legacy descriptor (7.2.3.2.2)
    internal const uint InsertChecksum = 1u << 26, LegacyReserved = 1u << 28 | 1u << 31;

    // Command of an advanced descriptor (7.2.3.2.4)
    internal const uint LinkSecurity = 1u << 18, TimeStamp = 1u << 19, Segment = 1u << 31;
    internal const uint TypeMask = 0xFu << 20, Context = 2u << 20, Data = 3u << 20;
    internal const uint AdvancedReserved = 3u << 16 | 1u << 26 | 1u << 28;

    // Status of every format; the options are those of an advanced data descriptor
    internal const uint Done = 1, StatusMask = 0xF, LegacyStatusReserved = 0xFF;
    internal const uint CheckContext = 1u << 7, IpChecksum = 1u << 8, L4Checksum = 1u << 9, Security = 1u << 10;
    internal const uint OptionsReserved = 7u << 11;
    internal const int ContextIndexShift = 4, PayloadShift = 14;

    /// <summary>The buffer's address; lengths and VLAN tag in a context descriptor.</summary>
    internal ulong Address;

    /// <summary>Length of the buffer, type and commands.</summary>
    internal uint Command;

    /// <summary>The card's report, and the rest of software's requests.</summary>
    internal uint Status;

    internal readonly uint Length => Command & LengthMask;

    internal readonly bool IsLegacy => (Command & Extended) == 0;

    internal readonly bool IsData => (Command & (Extended | TypeMask)) == (Extended | Data);

    internal readonly bool IsContext => (Command & (Extended | TypeMask)) == (Extended | Context);

    internal readonly bool EndsPacket => (Command & EndOfPacket) != 0;
}

/// <summary>The transport that a context names (TUCMD.L4T, datasheet 7.2.3.2.3).</summary>
internal enum TransmitTransport
{
    Udp = 0,
    Tcp = 1,
    Sctp = 2,
    Reserved = 3,
}

/// <summary>
/// What a context descriptor says about the headers of the frames that refer to it (datasheet 7.2.3.2.3). The default
/// value is a context that software has not set.
/// </summary>
internal readonly struct TransmitContext(in TransmitDescriptor descriptor)
{
    internal readonly bool IsSet = true;
    internal readonly uint IpLength = (uint)descriptor.Address & 0x1FF;
    internal readonly uint MacLength = (uint)(descriptor.Address >> 9) & 0x7F;
    internal readonly ushort VlanTag = (ushort)(descriptor.Address >> 16);
    internal readonly bool Snap = (descriptor.Command & 1u << 9) != 0;
    internal readonly bool IPv4 = (descriptor.Command & 1u << 10) != 0;
    internal readonly TransmitTransport Transport = (TransmitTransport)(descriptor.Command >> 11 & 3);
    internal readonly bool FCoE = (descriptor.Command & 1u << 15) != 0;
    internal readonly uint L4Length = descriptor.Status >> 8 & 0xFF;
    internal readonly uint SegmentSize = descriptor.Status >> 16;

    internal uint HeaderLength => MacLength + IpLength + L4Length;
}
