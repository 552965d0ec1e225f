using Ixy.Hosting;
using Ixy.Simulation.Faults;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Cards;

/// <summary>A model of a network card: a PCI function with a port, which is plugged into a wire.</summary>
internal abstract class CardModel : PciFunctionModel
{
    private protected CardModel(Wire wire, Behaviour? behaviour = null)
    {
        (Wire, Behaviour) = (wire, behaviour ?? Behaviour.Plain);
        Recorder = (wire as RecordedWire)?.Recorder;
        Faults = new(this);
    }

    /// <summary>What the port is plugged into. Owned by the card.</summary>
    internal Wire Wire { get; }

    /// <summary>Records what happens to it; null if nothing does.</summary>
    internal CardRecorder? Recorder { get; }

    /// <summary>What it does where it has a choice.</summary>
    internal Behaviour Behaviour { get; }

    /// <summary>What is wrong with it.</summary>
    internal CardFaults Faults { get; }

    /// <summary>Its host is a server.</summary>
    internal bool IsServed { get; set; }

    /// <summary>That server, once there is one.</summary>
    internal VfioUserServer? Server { get; set; }

    /// <summary>The name of its kind in specifiers: <c>ixgbe</c>, <c>virtio</c> or <c>virtio-legacy</c>.</summary>
    internal abstract string Kind { get; }

    /// <summary>The far end of the wire shows a signal, and no fault blocks it.</summary>
    internal bool HasSignal => Wire.HasSignal && !Faults.HasNoSignal;

    /// <summary>Decides when the far end of its wire may send; null if something else does.</summary>
    internal SendingGate? Gate { get; set; }

    /// <summary>
    /// Frames take the time of their bits at 10 Gbit/s as well: used where turns come on time. Otherwise they pass as
    /// fast as the machine can move them.
    /// </summary>
    internal bool KeepsLineRate { get; set; }

    /// <summary>If set, register accesses are written here with names.</summary>
    internal abstract Action<string>? Trace { get; set; }

    /// <summary>Doorbells are calls, because the behaviour or an observer requires it.</summary>
    protected bool TrapsDoorbells => Behaviour.TrapsDoorbells || Recorder is not null;

    /// <summary>The name of a BAR access.</summary>
    internal abstract NamedRegister NameOf(int bar, uint offset);

    /// <summary>The port has a link, and frames can pass.</summary>
    internal abstract bool LinkIsUp { get; }

    /// <summary>
    /// The driver is ready to receive: it has set up its rings and enabled receiving. For any thread.
    /// </summary>
    internal abstract bool IsReceiving { get; }

    /// <summary>Frames have arrived that are not in the driver's memory yet. For any thread.</summary>
    internal abstract bool HoldsFrames { get; }

    /// <summary>Sets the clock before something happens to the card that is neither a turn nor an access.</summary>
    internal void SetTime(long now) => Now = Math.Max(Now, now);

    /// <inheritdoc/>
    public sealed override bool Poll(long now)
    {
        Now = now;
        Recorder?.TurnBegins();
        if (Faults.AreDue) Faults.Poll(now);
        Gate?.Look(now);
        return !Behaviour.Rests(now) && !Faults.StandsStill && TakeTurn(now);
    }

    /// <summary>Implements <see cref="Poll"/>, for a card that does not rest.</summary>
    protected abstract bool TakeTurn(long now);

    // A read takes long, and the card does not wait for it: what it sees and does before the value is taken, and while
    // the value is on its way to software, are ordinary turns.
    protected sealed override uint LoadBar(int bar, uint offset, int size)
    {
        if (Faults.IsGone) return Ones(size);
        GoOn(Behaviour.TurnsMeanwhile());
        uint value = ReadRegister(bar, offset, size);
        GoOn(Behaviour.TurnsMeanwhile());
        return value;
    }

    // Software's next store may arrive after the card has acted on this one.
    protected sealed override void StoreBar(int bar, uint offset, uint value, int size)
    {
        if (Faults.IsGone) return;
        WriteRegister(bar, offset, value, size);
        GoOn(Behaviour.TurnsMeanwhile());
    }

    /// <inheritdoc/>
    protected sealed override uint LoadConfig(int offset, int size) =>
        Faults.IsGone ? Ones(size) : ReadConfiguration(offset, size);

    /// <inheritdoc/>
    protected sealed override void StoreConfig(int offset, uint value, int size)
    {
        if (!Faults.IsGone) WriteConfiguration(offset, value, size);
    }

    /// <summary>There is everything that the fault needs.</summary>
    internal bool HasWhatItNeeds(CardFault fault) => fault.Needs is null
        || (fault == CardFault.DiskFull ? Wire.WritesFile : IsServed);

    /// <summary>A fault has begun that needs action, beyond the models asking for it.</summary>
    internal virtual void FaultHasBegun(CardFault fault)
    {
        if (fault == CardFault.DmaRefused) Dma.IsRefused = true;
        else if (fault == CardFault.Unplug) RequestRelease();
        else if (fault == CardFault.BusError) ReportBusError();
        else if (fault == CardFault.DiskFull) Wire.FillDisk();
        else if (fault == CardFault.ServerStalls && Server is not null) Server.IsStalled = true;
        else if (fault == CardFault.ServerDies) Server?.BreakOff();
    }

    /// <summary>It has ended.</summary>
    internal virtual void FaultHasEnded(CardFault fault)
    {
        if (fault == CardFault.DmaRefused) Dma.IsRefused = false;
        else if (fault == CardFault.ServerStalls && Server is not null) Server.IsStalled = false;
        // A card that was off the bus comes back as after a bus reset.
        else if (fault == CardFault.Gone) PciReset();
    }

    /// <summary>A read of configuration space by software.</summary>
    protected abstract uint ReadConfiguration(int offset, int size);

    /// <summary>A write of configuration space by software.</summary>
    protected abstract void WriteConfiguration(int offset, uint value, int size);

    /// <summary>A BAR read by software.</summary>
    protected abstract uint ReadRegister(int bar, uint offset, int size);

    /// <summary>A BAR write by software.</summary>
    protected abstract void WriteRegister(int bar, uint offset, uint value, int size);

    // What a host returns for a read that nothing answers (PCI 3.0, 3.3.3.1).
    private static uint Ones(int size) => uint.MaxValue >> 8 * (sizeof(uint) - size);

    private void GoOn(int turns)
    {
        for (; turns > 0; turns--) Poll(Now);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        Wire.Dispose();
    }
}
