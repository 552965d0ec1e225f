namespace Ixy.Hosting.Pci;

/// <summary>
/// The MSI-X capability with its vector table and pending bits in a BAR (PCI 3.0, 6.8.2; 82599 datasheet 9.3.8). Where
/// messages go is up to the host: the table only stores address and data, and says which vectors are masked.
/// </summary>
public sealed class MsixCapability
{
    private const byte Id = 0x11;
    private const uint FunctionMask = 1 << 14, Enable = 1 << 15;
    private const int EntryWords = 4, ControlWord = 3;

    private readonly ConfigurationSpace _config;
    private readonly int _control;
    private readonly uint _tableOffset, _pendingOffset;
    private readonly uint[] _table, _pending;

    /// <summary>Adds the capability, which takes 12 bytes.</summary>
    /// <param name="config">The configuration space to add it to.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="vectors">Entries of the table.</param>
    /// <param name="bar">The BAR with table and pending bits.</param>
    /// <param name="tableOffset">Bytes from the BAR's start to the table.</param>
    /// <param name="pendingOffset">Bytes from the BAR's start to the pending bits.</param>
    public MsixCapability(
        ConfigurationSpace config, int offset, int vectors, int bar, uint tableOffset, uint pendingOffset)
    {
        (_config, _control, _tableOffset, _pendingOffset) = (config, offset + 2, tableOffset, pendingOffset);
        _table = new uint[vectors * EntryWords];
        _pending = new uint[(vectors + 63) / 64 * 2];
        config.AddCapability(Id, offset);
        config.Define(_control, 2, (uint)vectors - 1, writable: FunctionMask | Enable);
        config.Define(offset + 4, 4, tableOffset | (uint)bar);
        config.Define(offset + 8, 4, pendingOffset | (uint)bar);
        config.OnWrite(_control, 2, () => Changed?.Invoke());
        Reset();
    }

    /// <summary>Software has enabled messages.</summary>
    public bool IsEnabled => _config.IsSet(_control, 2, Enable);

    /// <summary>Entries of the table.</summary>
    public int Vectors => _table.Length / EntryWords;

    /// <summary>
    /// Enables or disables messages, as software does with the enable bit; for a host that acts on software's behalf.
    /// Enabling also clears the mask for the whole function.
    /// </summary>
    internal void SetEnabled(bool on)
    {
        if (IsEnabled == on && !(on && _config.IsSet(_control, 2, FunctionMask))) return;
        _config.SetBits(_control, 2, Enable, on);
        if (on) _config.SetBits(_control, 2, FunctionMask, false);
        Changed?.Invoke();
    }

    /// <summary>Sets or clears a vector's own mask bit, on software's behalf.</summary>
    internal void SetMask(int vector, bool masked)
    {
        _table[vector * EntryWords + ControlWord] = masked ? 1u : 0;
        Changed?.Invoke();
    }

    /// <summary>Software wrote to the enable bit or to a mask.</summary>
    internal Action? Changed { get; set; }

    /// <summary>A vector is masked, by its own mask bit or by that of the whole function.</summary>
    public bool IsMasked(int vector) =>
        _config.IsSet(_control, 2, FunctionMask) || (_table[vector * EntryWords + ControlWord] & 1) != 0;

    internal bool IsPending(int vector) => (_pending[vector / 32] >> vector % 32 & 1) != 0;

    internal void SetPending(int vector, bool pending)
    {
        uint bit = 1u << vector % 32;
        if (pending) _pending[vector / 32] |= bit;
        else _pending[vector / 32] &= ~bit;
    }

    /// <summary>32 pending bits.</summary>
    public uint PendingWord(int index) => index < _pending.Length ? _pending[index] : 0;

    /// <summary>A read by software in the BAR; 0 outside the table and the pending bits.</summary>
    public uint Read(uint offset)
    {
        if (Index(offset, _tableOffset, _table) is { } entry) return _table[entry];
        return Index(offset, _pendingOffset, _pending) is { } word ? _pending[word] : 0;
    }

    /// <summary>A write by software in the BAR; pending bits are read-only.</summary>
    public void Write(uint offset, uint value)
    {
        if (Index(offset, _tableOffset, _table) is not { } word) return;
        _table[word] = (word % EntryWords) switch
        {
            0 => value & ~3u, // Messages are aligned to 4 bytes.
            ControlWord => value & 1,
            _ => value,
        };
        if (word % EntryWords == ControlWord) Changed?.Invoke();
    }

    /// <summary>All vectors masked, none pending.</summary>
    public void Reset()
    {
        Array.Clear(_table);
        Array.Clear(_pending);
        for (int word = ControlWord; word < _table.Length; word += EntryWords) _table[word] = 1;
    }

    private static int? Index(uint offset, uint start, uint[] words)
    {
        uint index = unchecked(offset - start) / sizeof(uint);
        return offset >= start && index < words.Length ? (int)index : null;
    }
}
