using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Testing.Cards;

/// <summary>A device between the driver and a simulated card: it can claim an IOMMU, and change what is read.</summary>
internal sealed unsafe class InterposedDevice(SimulatedPciDevice inner) : PciDevice
{
    internal bool ClaimsIommu { get; init; }

    /// <summary>It claims physical addresses, behind an IOMMU that translates.</summary>
    internal bool IsTranslated { get; init; }

    /// <summary>Whether to dispose the card with it; otherwise the card is for the next device.</summary>
    internal bool OwnsCard { get; init; } = true;

    /// <summary>Whether to pass interrupts on; otherwise it has none.</summary>
    internal bool HasInterrupts { get; init; }

    /// <summary>It never becomes bus master, so it can access no memory.</summary>
    internal bool IsMute { get; init; }

    /// <summary>The NUMA node that it reports.</summary>
    internal int? Node { get; init; }

    /// <summary>Its clock.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the driver reads instead, from offset and value.</summary>
    internal Func<uint, uint, uint> Answer { get; set; } = (_, value) => value;

    /// <summary>How many more mappings it accepts.</summary>
    internal int MostMappings { get; set; } = int.MaxValue;

    /// <summary>Called before each write to configuration space: offset and value.</summary>
    internal Action<int, uint> ConfigWritten { get; init; } = (_, _) => { };

    /// <summary>
    /// Called before the driver reads, writes, opens or connects anything, and before it allocates memory for the
    /// device; the argument is the offset of a register access, or null. What it throws goes to the driver.
    /// </summary>
    internal Action<uint?> Step { get; set; } = _ => { };

    /// <summary>Called before memory is unmapped from the card.</summary>
    internal Action Unmapping { get; init; } = () => { };

    public override string Name => inner.Name;

    public override bool HasIommu => ClaimsIommu;

    public override void ThrowIfTranslated()
    {
        if (IsTranslated) throw new IommuTranslatesException("translated");
    }

    // Anything that allocates memory reads this first.
    public override int? NumaNode
    {
        get
        {
            Step(null);
            return Node;
        }
    }

    public override bool TryPass(TimeSpan longest) => inner.TryPass(longest);

    public override TimeProvider Clock => Time;

    public override uint ReadConfig(int offset, int size)
    {
        Step(null);
        return inner.ReadConfig(offset, size);
    }

    public override void WriteConfig(int offset, uint value, int size)
    {
        const uint BusMaster = 1 << 2;
        Step(null);
        ConfigWritten(offset, value);
        inner.WriteConfig(offset, IsMute && offset == PciConfig.Command ? value & ~BusMaster : value, size);
    }

    public override T Exclusively<T>(Func<T> accesses) => inner.Exclusively(accesses);

    public override PciBar OpenBar(int index)
    {
        Step(null);
        return new Bar(this, inner.OpenBar(index));
    }

    public override int CountInterruptVectors(InterruptKind kind) =>
        HasInterrupts ? inner.CountInterruptVectors(kind) : base.CountInterruptVectors(kind);

    protected internal override void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors)
    {
        Step(null);
        inner.ConnectInterrupts(kind, eventDescriptors);
    }

    protected internal override void DisconnectInterrupts(InterruptKind kind)
    {
        Step(null);
        inner.DisconnectInterrupts(kind);
    }

    protected internal override void MapDma(DmaChunk chunk)
    {
        if (MostMappings-- <= 0) throw new DmaMemoryException("no room for another mapping");
        inner.MapDma(chunk);
    }

    protected internal override void UnmapDma(DmaChunk chunk)
    {
        Unmapping();
        inner.UnmapDma(chunk);
    }

    protected override void Close()
    {
        if (OwnsCard) inner.Dispose();
    }

    private sealed class Bar(InterposedDevice device, PciBar bar) : PciBar
    {
        public override uint Length => bar.Length;

        protected override uint Load(uint offset, int size)
        {
            device.Step(offset);
            return device.Answer(offset, size switch
            {
                sizeof(byte) => bar.Read8(offset),
                sizeof(ushort) => bar.Read16(offset),
                _ => bar.Read32(offset),
            });
        }

        protected override void Store(uint offset, uint value, int size)
        {
            device.Step(offset);
            if (size == sizeof(byte)) bar.Write8(offset, (byte)value);
            else if (size == sizeof(ushort)) bar.Write16(offset, (ushort)value);
            else bar.Write32(offset, value);
        }

        protected override void* PointerTo(uint offset) => null;
    }
}
