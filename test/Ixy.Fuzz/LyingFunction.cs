using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Fuzz;

/// <summary>
/// A simulated card that returns values from the input for some reads. Its clock advances whenever the driver waits;
/// the card runs for only a little of that time, so a wait of seconds costs little.
/// </summary>
internal sealed class LyingFunction(VirtualWorld world, SimulatedPciDevice card) : PciDevice
{
    private static readonly TimeSpan s_mostOfCard = TimeSpan.FromMicroseconds(20);
    private readonly LyingBar?[] _bars = new LyingBar?[6];
    private readonly Queue<(int After, uint Value)> _lies = [];
    private readonly OwnClock _clock = new();
    private int _truths;

    /// <summary>After <paramref name="after"/> correct reads, the next one returns <paramref name="value"/>.</summary>
    internal void Lie(int after, uint value) => _lies.Enqueue((after, value));

    /// <summary>The length it reports for every BAR that is longer.</summary>
    internal uint LongestBar { get; init; } = uint.MaxValue;

    public override string Name => card.Name;

    public override TimeProvider Clock => _clock;

    public override bool TryPass(TimeSpan longest)
    {
        world.Advance(longest < s_mostOfCard ? longest : s_mostOfCard);
        _clock.Advance(longest);
        return true;
    }

    public override uint ReadConfig(int offset, int size) => Changed(card.ReadConfig(offset, size), size);

    public override void WriteConfig(int offset, uint value, int size) => card.WriteConfig(offset, value, size);

    public override PciBar OpenBar(int index)
    {
        var bar = card.OpenBar(index);
        return _bars[index] ??= new(this, bar);
    }

    public override void Reset() => card.Reset();

    public override int CountInterruptVectors(InterruptKind kind) => card.CountInterruptVectors(kind);

    protected internal override void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors) =>
        card.ConnectInterrupts(kind, eventDescriptors);

    protected internal override void DisconnectInterrupts(InterruptKind kind) => card.DisconnectInterrupts(kind);

    protected internal override void MaskInterruptLine(bool masked) => card.MaskInterruptLine(masked);

    protected internal override void MapDma(DmaChunk chunk) => card.MapDma(chunk);

    protected internal override void UnmapDma(DmaChunk chunk) => card.UnmapDma(chunk);

    protected override void Close() => card.Dispose();

    private uint Changed(uint value, int size)
    {
        if (!_lies.TryPeek(out var lie) || _truths++ < lie.After) return value;
        _truths = 0;
        return _lies.Dequeue().Value & uint.MaxValue >> 8 * (sizeof(uint) - size);
    }

    private sealed unsafe class LyingBar(LyingFunction function, PciBar bar) : PciBar
    {
        public override uint Length { get; } = Math.Min(bar.Length, function.LongestBar);

        protected override uint Load(uint offset, int size) => function.Changed(size switch
        {
            sizeof(byte) => bar.Read8(offset),
            sizeof(ushort) => bar.Read16(offset),
            _ => bar.Read32(offset),
        }, size);

        protected override void Store(uint offset, uint value, int size)
        {
            if (size == sizeof(byte)) bar.Write8(offset, (byte)value);
            else if (size == sizeof(ushort)) bar.Write16(offset, (ushort)value);
            else bar.Write32(offset, value);
        }

        protected override void* PointerTo(uint offset) =>
            bar.TryGetPointer(offset, sizeof(ushort), out void* pointer) ? pointer : null;
    }

    private sealed class OwnClock : TimeProvider
    {
        private long _now;

        internal void Advance(TimeSpan time) => _now += time.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;
    }
}
