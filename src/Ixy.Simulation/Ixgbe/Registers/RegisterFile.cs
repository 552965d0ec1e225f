using System.Runtime.InteropServices;
using Ixy.Hosting;

namespace Ixy.Simulation.Ixgbe.Registers;

/// <summary>
/// The registers of a card model in one BAR: values, access kinds, reset values, and the behaviour that the card's
/// parts attach to reads and writes. Values are in page-aligned memory, so that the driver can see pages without side
/// effects on reads directly (design D6). Used under the card's lock, except through those pages.
/// </summary>
internal sealed unsafe class RegisterFile : IDisposable
{
    /// <summary>
    /// Handles a write to element <paramref name="index"/>; stores the value itself if it should be stored.
    /// </summary>
    internal delegate void WriteHandler(int index, uint value);

    /// <summary>Returns the value of a read of element <paramref name="index"/>.</summary>
    internal delegate uint ReadHandler(int index);

    private readonly Entry?[] _entries;
    private readonly Dictionary<Register, (ReadHandler? Read, WriteHandler? Write)> _handlers = [];
    private readonly IReadOnlyList<Register> _table;

    /// <param name="length">Bytes of the BAR, a multiple of 4 KiB.</param>
    /// <param name="table">Every register the card has; none may overlap.</param>
    /// <param name="aliases">Aliases of some of them.</param>
    /// <param name="sharedPages">Offsets of 4 KiB pages that the driver may see as plain memory.</param>
    internal RegisterFile(
        uint length, IReadOnlyList<Register> table, IReadOnlyList<CardRegisters.Alias> aliases,
        params uint[] sharedPages)
    {
        Length = length;
        _table = table;
        _entries = new Entry?[length / sizeof(uint)];
        foreach (var register in table)
        {
            for (int index = 0; index < register.Count; index++) Place(register, index, register[index]);
        }
        foreach (var alias in aliases)
        {
            for (int index = 0; index < alias.Count; index++)
                Place(alias.Register, index, alias.Offset + (uint)index * alias.Stride);
        }
        Shared = new SharedPages(length, sharedPages);
        Reset();
    }

    /// <summary>Bytes of the BAR.</summary>
    internal uint Length { get; }

    /// <summary>The values, one word per 4 bytes of the BAR.</summary>
    internal uint* Memory => (uint*)Shared.Memory;

    /// <summary>The memory that contains them.</summary>
    internal SharedPages Shared { get; }

    /// <summary>If set, accesses are written here.</summary>
    internal Action<string>? Trace { get; set; }

    /// <summary>Called with the offset when software accesses a word that is not a register.</summary>
    internal Action<uint>? Missed { get; set; }

    /// <summary>The stored value of a register, without the side effects of a read or write by software.</summary>
    internal uint this[Register register, int index = 0]
    {
        get => Memory[register[index] / sizeof(uint)];
        set => Memory[register[index] / sizeof(uint)] = value;
    }

    /// <summary>Attaches a handler that computes what software reads, instead of the stored value.</summary>
    internal void OnRead(Register register, ReadHandler handler)
    {
        ref var handlers = ref CollectionsMarshal.GetValueRefOrAddDefault(_handlers, register, out _);
        if (handlers.Read is not null) throw new ArgumentException($"{register.Name} has a read handler already");
        handlers.Read = handler;
    }

    /// <summary>Attaches a handler for software's writes, instead of storing the value.</summary>
    internal void OnWrite(Register register, WriteHandler handler)
    {
        ref var handlers = ref CollectionsMarshal.GetValueRefOrAddDefault(_handlers, register, out _);
        if (handlers.Write is not null) throw new ArgumentException($"{register.Name} has a write handler already");
        handlers.Write = handler;
    }

    /// <summary>
    /// Attaches a handler for a software write of element <c>index</c>, called after its value is stored.
    /// </summary>
    internal void AfterWrite(Register register, Action<int> handler) => OnWrite(register, (index, value) =>
    {
        this[register, index] = value;
        handler(index);
    });

    /// <summary>Sets every register to its reset value, without calling handlers.</summary>
    /// <param name="keep">Registers that this reset does not change.</param>
    internal void Reset(IReadOnlySet<Register>? keep = null)
    {
        foreach (var register in _table)
        {
            if (keep?.Contains(register) == true) continue;
            for (int index = 0; index < register.Count; index++) this[register, index] = register.Reset;
        }
    }

    /// <summary>The register at an offset, or null.</summary>
    internal Register? Find(uint offset, out int index)
    {
        var entry = _entries[offset / sizeof(uint)];
        index = entry?.Index ?? 0;
        return entry?.Register;
    }

    /// <summary>A name for an offset: <c>RDT[3]</c>, or the offset itself if there is no register.</summary>
    internal string Describe(uint offset) => Find(offset, out int index) switch
    {
        null => $"0x{offset:x5} (no register)",
        { Count: 1 } register => register.Name,
        { } register => $"{register.Name}[{index}]",
    };

    /// <summary>A register in a page is changed by reading it, or reads as something other than its value.</summary>
    internal bool HasReadEffects(uint page)
    {
        for (uint offset = page; offset < page + SharedPages.PageLength; offset += sizeof(uint))
        {
            if (Find(offset, out _) is not { } register) continue;
            bool clears = register.Access is RegisterAccess.ReadClear or RegisterAccess.ReadClearWriteOneClear;
            if (clears || (_handlers.TryGetValue(register, out var handlers) && handlers.Read is not null)) return true;
        }
        return false;
    }

    /// <summary>A 32-bit read by software, with its side effects.</summary>
    internal uint Read(uint offset)
    {
        uint value = ReadUntraced(offset);
        Trace?.Invoke($"read  {Describe(offset)} -> 0x{value:x8}");
        return value;
    }

    /// <summary>A 32-bit write by software, with its side effects.</summary>
    internal void Write(uint offset, uint value)
    {
        Trace?.Invoke($"write {Describe(offset)} <- 0x{value:x8}");
        if (_entries[offset / sizeof(uint)] is not { } entry)
        {
            Missed?.Invoke(offset);
            return;
        }
        if (_handlers.TryGetValue(entry.Register, out var handlers) && handlers.Write is not null)
            handlers.Write(entry.Index, value);
        else if (entry.Register.Access == RegisterAccess.ReadWrite)
            Memory[entry.Word] = value;
        else if (entry.Register.Access == RegisterAccess.ReadClearWriteOneClear)
            Memory[entry.Word] &= ~value;
    }

    /// <summary>Where the driver sees a register as plain memory; null if accesses must be calls.</summary>
    internal uint* TryGetShared(uint offset) =>
        Shared.Contains(offset) ? Memory + offset / sizeof(uint) : null;

    /// <inheritdoc/>
    public void Dispose() => Shared.Dispose();

    private uint ReadUntraced(uint offset)
    {
        if (_entries[offset / sizeof(uint)] is not { } entry)
        {
            Missed?.Invoke(offset);
            return 0;
        }
        if (_handlers.TryGetValue(entry.Register, out var handlers) && handlers.Read is not null)
            return handlers.Read(entry.Index);
        if (entry.Register.Access == RegisterAccess.WriteOnly) return 0;
        uint value = Memory[entry.Word];
        if (entry.Register.Access is RegisterAccess.ReadClear or RegisterAccess.ReadClearWriteOneClear)
            Memory[entry.Word] = 0;
        return value;
    }

    private void Place(Register register, int index, uint offset)
    {
        ref var entry = ref _entries[offset / sizeof(uint)];
        if (entry is { } other)
            throw new ArgumentException($"{register.Name}[{index}] and {other.Register.Name} are both at 0x{offset:x}");
        entry = new(register, index);
    }

    // Word: where the value is stored, even for an access through an alias.
    private readonly record struct Entry(Register Register, int Index)
    {
        internal readonly uint Word = Register[Index] / sizeof(uint);
    }
}
