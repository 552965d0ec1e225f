using System.Globalization;

namespace Ixy;

/// <summary>Why a packet cannot be sent.</summary>
public enum TransmitRefusalReason
{
    /// <summary>Nothing: if a queue has not taken the packet, it is waiting for room in the ring.</summary>
    None,

    /// <summary>It is shorter than an Ethernet header, 14 bytes.</summary>
    TooShort,

    /// <summary>It is longer than the device can send, including the VLAN tag it requests.</summary>
    TooLong,

    /// <summary>It requests a checksum, but its headers are not those of a packet that can have one.</summary>
    UnsuitableHeaders,
}

/// <summary>
/// Why a transmit queue does not take a packet even when it has room: what came in from a wire may be anything.
/// Creating one allocates nothing; only <see cref="ToString"/> does.
/// </summary>
public readonly struct TransmitRefusal
{
    private readonly string? _format;
    private readonly int _found, _expected, _more;

    internal TransmitRefusal(TransmitRefusalReason reason, string format, int found = 0, int expected = 0, int more = 0)
    {
        Reason = reason;
        (_format, _found, _expected, _more) = (format, found, expected, more);
    }

    /// <summary>The reason; <see cref="TransmitRefusalReason.None"/> if the packet is not refused.</summary>
    public TransmitRefusalReason Reason { get; }

    /// <summary>The packet is refused.</summary>
    public bool IsRefused => Reason != TransmitRefusalReason.None;

    /// <summary>What was found and what was expected, as a sentence.</summary>
    public override string ToString()
    {
        if (_format is null) return "the packet can be sent";
        string start = Reason == TransmitRefusalReason.UnsuitableHeaders
            ? "a packet asks for a checksum that cannot be made: " : "";
        return start + string.Format(CultureInfo.InvariantCulture, _format, _found, _expected, _more);
    }
}
