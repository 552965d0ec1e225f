namespace Ixy.Simulation.Recording;

/// <summary>The descriptor format of a ring, and which way data moves.</summary>
internal enum RingKind
{
    /// <summary>82599: the card fills the buffers.</summary>
    Receive,

    /// <summary>82599: the card sends the buffers.</summary>
    Transmit,

    /// <summary>Virtio: available and used ring. A place is one in the available ring.</summary>
    Split,

    /// <summary>Virtio: one ring of descriptors.</summary>
    Packed,
}

/// <summary>A ring, from one start to its next stop.</summary>
/// <param name="Id">Its number in the recorder.</param>
/// <param name="Card">The card it belongs to.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Number">The queue's number on the card.</param>
/// <param name="Address">Address of the first descriptor.</param>
/// <param name="Count">Number of descriptors.</param>
internal sealed record RecordedRing(int Id, int Card, RingKind Kind, int Number, ulong Address, uint Count)
{
    internal string Name => Kind switch
    {
        RingKind.Receive => $"receive ring {Number}",
        RingKind.Transmit => $"transmit ring {Number}",
        RingKind.Split => $"split ring {Number}",
        _ => $"packed ring {Number}",
    };

    /// <summary>How far the driver has given out descriptors.</summary>
    internal uint Tail { get; set; }
}

/// <summary>A buffer named by a descriptor.</summary>
/// <param name="Address">Its device address.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsWritable">The card may write it.</param>
internal readonly record struct RecordedBuffer(ulong Address, uint Length, bool IsWritable)
{
    public override string ToString() =>
        $"{Length} bytes at 0x{Address:x} {(IsWritable ? "to write" : "to read")}";
}

/// <summary>A frame, or its first bytes.</summary>
/// <param name="Id">Its number in the recorder: equal bytes are one frame.</param>
/// <param name="Length">Bytes without FCS.</param>
/// <param name="Bytes">At most <see cref="Recorder.FrameBytes"/> of them.</param>
internal sealed record RecordedFrame(int Id, int Length, byte[] Bytes)
{
    /// <summary>Addresses and EtherType.</summary>
    internal string Summary => Bytes.Length < 14 ? "too short for an Ethernet header"
        : $"{Mac(6)} > {Mac(0)}, type 0x{Bytes[12] << 8 | Bytes[13]:x4}";

    private string Mac(int at) =>
        string.Join(':', Bytes.AsSpan(at, 6).ToArray().Select(part => part.ToString("x2")));
}

/// <summary>A register as named by an access.</summary>
/// <param name="Name">As in <c>RDT[0]</c> or <c>common.queue_size</c>.</param>
/// <param name="Meaning">One line; empty if there is no register.</param>
/// <param name="Section">Section of the datasheet or specification; may be empty.</param>
/// <param name="Register">The row of the table; null if there is none.</param>
/// <param name="Index">Which of its elements.</param>
internal sealed record NamedRegister(
    string Name, string Meaning = "", string Section = "", Register? Register = null, int Index = 0)
{
    /// <summary>From the highest to the lowest; empty for a register that is a single number.</summary>
    internal IReadOnlyList<BitField> Fields { get; init; } = [];

    /// <summary>For something that is not a register of a table.</summary>
    internal static NamedRegister Unknown(int bar, uint offset) => new($"BAR {bar} 0x{offset:x5}");

    /// <summary>A row of a table, whose meaning ends with the section in brackets.</summary>
    internal static NamedRegister Of(Register register, int index, string prefix = "", string section = "")
    {
        string meaning = register.Meaning;
        int open = meaning.EndsWith(')') ? meaning.LastIndexOf('(') : -1;
        if (open > 0 && char.IsAsciiDigit(meaning[open + 1]))
            (meaning, section) = (meaning[..open].TrimEnd(), meaning[(open + 1)..^1]);
        string name = prefix + register.Name;
        return new(register.Count == 1 ? name : $"{name}[{index}]", meaning, section, register, index)
        {
            Fields = RegisterFields.Of(name),
        };
    }
}

/// <summary>Some bits of a register or of a descriptor's word.</summary>
/// <param name="Name">The datasheet's name, or ours if that says more.</param>
/// <param name="Shift">The lowest bit.</param>
/// <param name="Width">Bits.</param>
internal sealed record BitField(string Name, int Shift, int Width)
{
    internal ulong In(ulong value) => value >> Shift & ulong.MaxValue >> 64 - Width;

    /// <summary>
    /// The name of a bit that is set, or name and value of a wider field that is not zero; else null.
    /// </summary>
    internal string? Show(ulong value) => In(value) switch
    {
        0 => null,
        _ when Width == 1 => Name,
        ulong wide when Width > 16 => $"{Name} 0x{wide:x}",
        ulong number => $"{Name} {number}",
    };

    /// <summary>Parses <c>0-4 size, 25 enable</c>: the highest comes first in the result.</summary>
    internal static BitField[] Parse(string fields) =>
        [.. fields.Split(", ").Select(ParseOne).OrderByDescending(field => field.Shift)];

    private static BitField ParseOne(string field)
    {
        int space = field.IndexOf(' ');
        string[] bits = field[..space].Split('-');
        int low = int.Parse(bits[0]), high = int.Parse(bits[^1]);
        return new(field[(space + 1)..], low, high - low + 1);
    }
}
