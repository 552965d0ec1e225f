namespace Ixy.Hosting.Pci;

/// <summary>
/// The configuration space of a PCI function: 256 bytes, or 4,096 with PCI Express. Every bit is read-only, writable or
/// cleared by writing a one; some survive a function-level reset (PCI Express Base 2.0, sections 6.6.2 and 7.4). It
/// knows no registers by itself: header and capabilities define theirs and are told about writes.
/// </summary>
public sealed class ConfigurationSpace
{
    /// <summary>Bytes of a conventional function's configuration space.</summary>
    public const int ConventionalLength = 256;

    /// <summary>Bytes of a PCI Express function's configuration space.</summary>
    public const int ExtendedLength = 4096;

    private const int CapabilitiesPointer = 0x34, FirstExtended = 0x100;

    private readonly byte[] _values, _initial, _writable, _clearedByOne, _sticky;
    private readonly List<(int Offset, int Size, Action Handler)> _handlers = [];
    private int _nextPointer = CapabilitiesPointer;
    private int _lastExtended;

    /// <summary>Creates a space in which nothing is defined yet.</summary>
    /// <param name="length"><see cref="ConventionalLength"/> or <see cref="ExtendedLength"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is neither of them.</exception>
    public ConfigurationSpace(int length)
    {
        if (length is not (ConventionalLength or ExtendedLength))
            throw new ArgumentOutOfRangeException(
                nameof(length), $"a configuration space has 256 or 4096 bytes, not {length}");
        (_values, _initial, _writable) = (new byte[length], new byte[length], new byte[length]);
        (_clearedByOne, _sticky) = (new byte[length], new byte[length]);
    }

    /// <summary>Bytes.</summary>
    public int Length => _values.Length;

    /// <summary>Defines a register.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <param name="value">Value after power-on.</param>
    /// <param name="writable">Bits that hold what is written.</param>
    /// <param name="clearedByOne">Bits that are cleared by writing a one.</param>
    /// <param name="sticky">Bits that a function-level reset leaves alone.</param>
    public void Define(int offset, int size, uint value, uint writable = 0, uint clearedByOne = 0, uint sticky = 0)
    {
        if ((writable & clearedByOne) != 0)
            throw new ArgumentException($"0x{offset:x}: a bit is either written or cleared");
        Put(_values, offset, size, value);
        Put(_initial, offset, size, value);
        Put(_writable, offset, size, writable);
        Put(_clearedByOne, offset, size, clearedByOne);
        Put(_sticky, offset, size, sticky);
    }

    /// <summary>Calls <paramref name="handler"/> after each write by software that touches the register.</summary>
    public void OnWrite(int offset, int size, Action handler) => _handlers.Add((offset, size, handler));

    /// <summary>Appends a capability to the list that starts at offset 0x34.</summary>
    public void AddCapability(byte id, int offset)
    {
        Define(_nextPointer, 1, (uint)offset);
        Define(offset, 1, id);
        _nextPointer = offset + 1;
    }

    /// <summary>Appends an extended capability; the first one must be at offset 0x100.</summary>
    public void AddExtendedCapability(ushort id, int version, int offset)
    {
        if (_lastExtended == 0 && offset != FirstExtended) throw new ArgumentException("the first one is at 0x100");
        Define(offset, 4, id | (uint)version << 16);
        if (_lastExtended != 0) Define(_lastExtended, 4, Get(_lastExtended, 4) & 0xFFFFF | (uint)offset << 20);
        _lastExtended = offset;
    }

    /// <summary>Reads a value from the hardware's side.</summary>
    public uint Get(int offset, int size)
    {
        uint value = 0;
        for (int i = 0; i < size; i++) value |= (uint)_values[offset + i] << 8 * i;
        return value;
    }

    /// <summary>Reads some bits of a register at once, from the hardware's side.</summary>
    public bool IsSet(int offset, int size, uint bits) => (Get(offset, size) & bits) == bits;

    /// <summary>Writes a value from the hardware's side, whether or not software could.</summary>
    public void Set(int offset, int size, uint value) => Put(_values, offset, size, value);

    /// <summary>Sets or clears bits from the hardware's side.</summary>
    public void SetBits(int offset, int size, uint bits, bool on) =>
        Set(offset, size, on ? Get(offset, size) | bits : Get(offset, size) & ~bits);

    /// <summary>A read by software of 1, 2 or 4 bytes, at any offset; bytes beyond the space read as ones.</summary>
    public uint Read(int offset, int size)
    {
        CheckAccess(offset, size);
        uint value = 0;
        for (int i = 0; i < size; i++)
            value |= (uint)(offset + i < Length ? _values[offset + i] : 0xFF) << 8 * i;
        return value;
    }

    /// <summary>A write by software of 1, 2 or 4 bytes, at any offset; bytes beyond the space are ignored.</summary>
    public void Write(int offset, uint value, int size)
    {
        CheckAccess(offset, size);
        for (int i = 0; i < size && offset + i < Length; i++)
        {
            ref byte old = ref _values[offset + i];
            byte written = (byte)(value >> 8 * i), writable = _writable[offset + i];
            old = (byte)((old & ~writable | written & writable) & ~(written & _clearedByOne[offset + i]));
        }
        foreach (var (start, length, handler) in _handlers)
        {
            if (offset < start + length && start < offset + size) handler();
        }
    }

    /// <summary>Restores the state after power-on, except for sticky bits.</summary>
    public void Reset()
    {
        for (int i = 0; i < Length; i++)
            _values[i] = (byte)(_values[i] & _sticky[i] | _initial[i] & ~_sticky[i]);
    }

    private static void CheckAccess(int offset, int size)
    {
        if (size is not (1 or 2 or 4))
            throw new ArgumentOutOfRangeException(nameof(size), $"1, 2 or 4 bytes, not {size}");
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
    }

    private static void Put(byte[] bytes, int offset, int size, uint value)
    {
        for (int i = 0; i < size; i++) bytes[offset + i] = (byte)(value >> 8 * i);
    }
}
