using System.Runtime.InteropServices;
using Ixy.Hosting;
using Ixy.Ixgbe;
using Ixy.Vfio;

namespace Ixy.Labs;

/// <summary>A rule that the student's driver broke, and where in the file.</summary>
/// <param name="Violation">The rule.</param>
/// <param name="Line">The line that was running; if the card found it by itself, the line of the last doorbell.</param>
/// <param name="IsLater">The card found it by itself, later.</param>
internal sealed record BrokenAt(RuleViolation Violation, int Line, bool IsLater);

/// <summary>
/// The device a student's driver drives: a simulated card whose register accesses take time. It can reach DMA memory
/// from the start.
/// </summary>
internal sealed unsafe partial class LabDevice : PciDevice
{
    private readonly LabRun _run;
    private readonly InProcessPciDevice _card;
    private readonly Bar?[] _bars = new Bar?[6];
    private readonly List<BrokenAt> _broken = [];
    private readonly Dictionary<uint, int> _lines = [];
    private InterruptVectors? _vectors;
    private int[] _descriptors = [];

    internal LabDevice(LabRun run, InProcessPciDevice card)
    {
        (_run, _card) = (run, card);
        DmaArena.Attach(card);
        run.Passed += AfterTime;
    }

    /// <summary>Called after a BAR write, with BAR, offset and value.</summary>
    internal Action<int, uint, uint>? Written { get; set; }

    /// <summary>Called after a BAR read, with BAR, offset and value.</summary>
    internal Action<int, uint, uint>? WasRead { get; set; }

    /// <summary>Where the driver last notified the card of new descriptors, or else its last write.</summary>
    internal int LastWriteLine { get; private set; }

    /// <summary>How the driver connected interrupts; null if it did not.</summary>
    internal InterruptKind? Interrupts { get; private set; }

    /// <summary>Where it did that.</summary>
    internal int InterruptsLine { get; private set; }

    internal IReadOnlyList<BrokenAt> Broken
    {
        get
        {
            Collect(isLater: true);
            return _broken;
        }
    }

    public override string Name => _card.Name;

    public override TimeProvider Clock => _card.Clock;

    public override uint ReadConfig(int offset, int size)
    {
        Collect(isLater: true);
        _run.Pass(LabRun.ReadTime);
        uint value = _card.ReadConfig(offset, size);
        Collect(isLater: false);
        return value;
    }

    public override void WriteConfig(int offset, uint value, int size)
    {
        Collect(isLater: true);
        _run.Pass(LabRun.ReadTime);
        _card.WriteConfig(offset, value, size);
        Collect(isLater: false);
    }

    public override PciBar OpenBar(int index) =>
        _bars[index is >= 0 and < 6 ? index : throw new PciDeviceException($"{Name} has no BAR {index}")]
            ??= new Bar(this, index, _card.OpenBar(index));

    public override void Reset() => _card.Reset();

    public override bool TryPass(TimeSpan longest)
    {
        // A waiting driver looks again if something has happened so far: the card does not interrupt a second time.
        if (_run.CatchUp() || PassInterruptsOn()) return true;
        _run.Wait(() => _card.TryPass(longest < _run.Left ? longest : _run.Left));
        return true;
    }

    public override int CountInterruptVectors(InterruptKind kind) => _card.CountInterruptVectors(kind);

    // The card has its own event descriptors; their counts are passed on whenever time has passed.
    protected override void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors)
    {
        (Interrupts, InterruptsLine) = (kind, _run.Line);
        _descriptors = eventDescriptors.ToArray();
        _vectors = _card.EnableInterrupts(kind, eventDescriptors.Length);
    }

    protected override void DisconnectInterrupts(InterruptKind kind)
    {
        _vectors?.Dispose();
        _vectors = null;
    }

    protected override void MaskInterruptLine(bool masked)
    {
        if (masked) _vectors![0].Mask();
        else _vectors![0].Unmask();
    }

    // The card sees all memory, from the start.
    protected override void MapDma(DmaChunk chunk)
    {
    }

    protected override void UnmapDma(DmaChunk chunk)
    {
    }

    protected override void Close()
    {
        _run.Passed -= AfterTime;
        _card.Dispose();
    }

    /// <summary>Where a register was written last; null if it never was.</summary>
    internal int? LineOfWrite(uint register) => _lines.TryGetValue(register, out int line) ? line : null;

    private void AfterTime()
    {
        Collect(isLater: true);
        PassInterruptsOn();
    }

    private bool PassInterruptsOn()
    {
        bool any = false;
        for (int i = 0; _vectors is not null && i < _descriptors.Length; i++)
        {
            ulong count = (ulong)_vectors[i].TakeCount();
            if (count == 0) continue;
            _ = Write(_descriptors[i], &count, sizeof(ulong));
            any = true;
        }
        return any;
    }

    private void Collect(bool isLater)
    {
        var all = _card.Violations;
        if (all.Count == _broken.Count || _broken.Count == RuleViolations.Limit) return;
        foreach (var violation in all.All.Skip(_broken.Count))
            _broken.Add(new(violation, isLater ? LineOf(violation.Register) : _run.Line, isLater));
    }

    // For violations the card finds later: where the register was written, or the doorbell for the descriptor.
    private int LineOf(string register)
    {
        string[] parts = register.TrimEnd(']').Split('[');
        var known = IxgbeRegisters.All.FirstOrDefault(known => known.Name == parts[0]);
        uint offset = known is not null ? known[parts.Length > 1 && int.TryParse(parts[1], out int index) ? index : 0]
            : register.Contains("transmit", StringComparison.Ordinal) ? IxgbeRegisters.TDT[0] : IxgbeRegisters.RDT[0];
        return _lines.GetValueOrDefault(offset, LastWriteLine);
    }

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, void* data, nuint length);

    private sealed class Bar(LabDevice device, int index, PciBar bar) : PciBar
    {
        public override uint Length => bar.Length;

        protected override uint Load(uint offset, int size)
        {
            device._run.Pass(LabRun.ReadTime / 2);
            uint value = size switch { 1 => bar.Read8(offset), 2 => bar.Read16(offset), _ => bar.Read32(offset) };
            device.Collect(isLater: false);
            device._run.Pass(LabRun.ReadTime / 2);
            device.WasRead?.Invoke(index, offset, value);
            return value;
        }

        protected override void Store(uint offset, uint value, int size)
        {
            device._run.Pass(LabRun.WriteTime);
            device.LastWriteLine = device._lines[offset] = device._run.Line;
            if (size == 1) bar.Write8(offset, (byte)value);
            else if (size == 2) bar.Write16(offset, (ushort)value);
            else bar.Write32(offset, value);
            device.Collect(isLater: false);
            device.Written?.Invoke(index, offset, value);
        }

        // Pointers are for unsafe code, which exercises cannot use.
        protected override void* PointerTo(uint offset) => null;
    }
}
