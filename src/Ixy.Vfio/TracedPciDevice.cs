namespace Ixy.Vfio;

/// <summary>A driver's access to a PCI function.</summary>
/// <param name="Bar">The BAR, 0 to 5; null: configuration space.</param>
/// <param name="Offset">Bytes from the start of the BAR, or of configuration space.</param>
/// <param name="Size">Bytes that were accessed: 1, 2 or 4.</param>
/// <param name="Value">What was read or written.</param>
/// <param name="IsWrite">True for a write.</param>
public readonly record struct PciAccess(int? Bar, uint Offset, int Size, uint Value, bool IsWrite);

/// <summary>
/// A wrapper around another PCI function, on any transport, that reports its register accesses and passes everything
/// on. It gives no pointers into BARs, so that doorbells are traced as well; each then costs a call.
/// </summary>
/// <param name="inner">The function; owned from now on.</param>
/// <param name="trace">Called after each access, on the accessing thread. It must not use the function.</param>
public sealed class TracedPciDevice(PciDevice inner, Action<PciAccess> trace) : PciDevice
{
    private readonly TracedBar?[] _bars = new TracedBar?[6];

    /// <summary>The wrapped function.</summary>
    public PciDevice Inner => inner;

    /// <inheritdoc/>
    public override string Name => inner.Name;

    /// <inheritdoc/>
    public override int? NumaNode => inner.NumaNode;

    /// <inheritdoc/>
    public override bool DeviceAddressIsVirtual => inner.DeviceAddressIsVirtual;

    /// <inheritdoc/>
    public override bool HasIommu => inner.HasIommu;

    /// <inheritdoc/>
    public override TimeProvider Clock => inner.Clock;

    /// <inheritdoc/>
    public override bool IsGone => base.IsGone || inner.IsGone;

    /// <inheritdoc/>
    public override void ThrowIfGone()
    {
        base.ThrowIfGone();
        inner.ThrowIfGone();
    }

    /// <inheritdoc/>
    public override void ThrowIfTranslated() => inner.ThrowIfTranslated();

    /// <inheritdoc/>
    public override bool TryPass(TimeSpan longest) => inner.TryPass(longest);

    /// <inheritdoc/>
    public override bool AnswersNow() => inner.AnswersNow();

    /// <inheritdoc/>
    public override T Exclusively<T>(Func<T> accesses) => inner.Exclusively(accesses);

    /// <inheritdoc/>
    public override void Reset() => inner.Reset();

    /// <inheritdoc/>
    public override uint ReadConfig(int offset, int size)
    {
        uint value = inner.ReadConfig(offset, size);
        trace(new(null, (uint)offset, size, value, IsWrite: false));
        return value;
    }

    /// <inheritdoc/>
    public override void WriteConfig(int offset, uint value, int size)
    {
        inner.WriteConfig(offset, value, size);
        trace(new(null, (uint)offset, size, value, IsWrite: true));
    }

    /// <inheritdoc/>
    public override PciBar OpenBar(int index)
    {
        var bar = inner.OpenBar(index);
        return _bars[index] ??= new(bar, index, trace);
    }

    /// <inheritdoc/>
    public override int CountInterruptVectors(InterruptKind kind) => inner.CountInterruptVectors(kind);

    /// <inheritdoc/>
    protected internal override void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors) =>
        inner.ConnectInterrupts(kind, eventDescriptors);

    /// <inheritdoc/>
    protected internal override void DisconnectInterrupts(InterruptKind kind) => inner.DisconnectInterrupts(kind);

    /// <inheritdoc/>
    protected internal override void MaskInterruptLine(bool masked) => inner.MaskInterruptLine(masked);

    /// <inheritdoc/>
    protected internal override void MapDma(DmaChunk chunk) => inner.MapDma(chunk);

    /// <inheritdoc/>
    protected internal override void UnmapDma(DmaChunk chunk) => inner.UnmapDma(chunk);

    /// <inheritdoc/>
    protected override void Close() => inner.Dispose();

    private sealed unsafe class TracedBar(PciBar bar, int index, Action<PciAccess> trace) : PciBar
    {
        public override uint Length => bar.Length;

        protected override uint Load(uint offset, int size)
        {
            uint value = size switch
            {
                sizeof(byte) => bar.Read8(offset),
                sizeof(ushort) => bar.Read16(offset),
                _ => bar.Read32(offset),
            };
            trace(new(index, offset, size, value, IsWrite: false));
            return value;
        }

        protected override void Store(uint offset, uint value, int size)
        {
            if (size == sizeof(byte)) bar.Write8(offset, (byte)value);
            else if (size == sizeof(ushort)) bar.Write16(offset, (ushort)value);
            else bar.Write32(offset, value);
            trace(new(index, offset, size, value, IsWrite: true));
        }

        protected override void* PointerTo(uint offset) => null;
    }
}
