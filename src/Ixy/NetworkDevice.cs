using Ixy.Opening;
using Ixy.Vfio;

namespace Ixy;

/// <summary>
/// A network card whose whole driver runs in this process. Each queue may be used by one thread at a time; everything
/// else by one thread at a time per device. Disposing stops the card before its memory is released.
/// </summary>
public abstract partial class NetworkDevice : IDisposable
{
    private ReceiveQueue _receiveQueue = null!;
    private TransmitQueue _transmitQueue = null!;
    private bool _promiscuous, _isDisposed;

    /// <summary>
    /// Opens the card that <paramref name="specifier"/> names: a PCI address (<c>0000:03:00.0</c>), the socket of
    /// a vfio-user server (<c>vfio-user:/path</c>), or a specifier with a scheme that was registered (<c>sim:…</c>),
    /// resets it and starts its queues. The link may still be down: see <see cref="WaitForLink"/>.
    /// </summary>
    /// <exception cref="PciDeviceException">
    /// There is no such device, no permission, no driver for it, or it does not answer.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static NetworkDevice Open(string specifier, NetworkDeviceOptions? options = null)
    {
        options?.Validate();
        return Drivers.Start(OpenPci(specifier), options ?? new());
    }

    /// <summary>
    /// Opens the PCI function that <paramref name="specifier"/> names, without a driver: the card is unchanged. Slow
    /// preparations can be done before <see cref="Open(PciDevice, NetworkDeviceOptions)"/> starts the card, and packets
    /// start to arrive.
    /// </summary>
    /// <exception cref="PciDeviceException">There is no such device, or no permission.</exception>
    public static PciDevice OpenPci(string specifier) => Drivers.OpenPci(specifier);

    /// <summary>
    /// Makes <paramref name="open"/> responsible for specifiers that begin with <paramref name="scheme"/> and a colon.
    /// The last registration of a scheme counts. Thread-safe.
    /// </summary>
    public static void RegisterTransport(string scheme, Func<string, PciDevice> open) => Drivers.Schemes[scheme] = open;

    /// <summary>
    /// Its name in messages, captures and metrics: the specifier it was opened with. If two open simulated cards have
    /// the same specifier, the second is called <c>…#2</c>.
    /// </summary>
    public string Name => PciDevice.Name;

    /// <summary>The PCI function behind it.</summary>
    public abstract PciDevice PciDevice { get; }

    /// <summary>
    /// One or more; <see cref="Receive(Span{Packet})"/> uses the first. Each may be used by one thread at a time, and
    /// different ones by different threads at the same time: they share nothing. In checked mode
    /// (<see cref="NetworkDeviceOptions.CheckedPools"/>) a queue reports two threads that use it at once.
    /// </summary>
    public IReadOnlyList<ReceiveQueue> ReceiveQueues { get; private set; } = [];

    /// <summary>
    /// One or more; the first is the one <see cref="Transmit"/> uses. For one thread each, like
    /// <see cref="ReceiveQueues"/>. A packet goes back to its pool on the thread that transmits next on this queue, so
    /// by default that has to be the thread of the queue it was received from: thread i takes receive queue i of one
    /// device and transmit queue i of the other.
    /// </summary>
    public IReadOnlyList<TransmitQueue> TransmitQueues { get; private set; } = [];

    /// <summary>Link state and speed now.</summary>
    public abstract LinkStatus Link { get; }

    /// <summary>Receives from the first queue; see <see cref="ReceiveQueue.Receive(Span{Packet})"/>.</summary>
    public int Receive(Span<Packet> batch) => _receiveQueue.Receive(batch);

    /// <summary>Sends on the first queue; see <see cref="TransmitQueue.Transmit"/>.</summary>
    public int Transmit(ReadOnlySpan<Packet> batch) => _transmitQueue.Transmit(batch);

    /// <summary>
    /// Sends on the first queue, and drops what cannot be sent; see <see cref="TransmitQueue.TransmitOrDrop"/>.
    /// </summary>
    public int TransmitOrDrop(ReadOnlySpan<Packet> batch)
    {
        int sent = _transmitQueue.Transmit(batch);
        return sent == batch.Length ? sent : _transmitQueue.DropOrLeave(batch, sent);
    }

    /// <summary>Waits until the link is up.</summary>
    /// <returns>False if it is still down after <paramref name="timeout"/>.</returns>
    public bool WaitForLink(TimeSpan timeout) => PciDevice.WaitUntil(() => Link.IsUp, timeout);

    /// <summary>
    /// Stops the queues, resets the card, turns off bus mastering and releases all memory. No thread may use a queue
    /// any more; one that sleeps on a queue is woken, with an <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, true)) return;
        // Its configuration space is needed until the end.
        PciDevice.InTurn(() => SetOpen(false), StopAndRelease, PciDevice.Dispose);
    }

    /// <summary>Gives the base class the queues, which exist once the device is set up.</summary>
    private protected void SetQueues(
        IReadOnlyList<ReceiveQueue> receive, IReadOnlyList<TransmitQueue> transmit, NetworkDeviceOptions options)
    {
        (ReceiveQueues, TransmitQueues) = ([.. receive], [.. transmit]);
        if (options.IsChecked || WantsCalls()) WrapQueues(options.IsChecked);
        foreach (var queue in ReceiveQueues) queue.Device = PciDevice;
        (_receiveQueue, _transmitQueue) = (ReceiveQueues[0], TransmitQueues[0]);
        _promiscuous = options.Promiscuous;
        SetOpen(true);
    }

    /// <summary>
    /// The queues created so far, and everything else that holds DMA memory, in the order of release.
    /// </summary>
    private protected abstract IReadOnlyList<IDisposable> Parts { get; }

    /// <summary>Stops the device; bus mastering goes off after it, also if it throws.</summary>
    private protected abstract void Quiesce();

    /// <summary>
    /// Memory is released after the card has stopped, even if the card no longer answers. Also after a failed set-up.
    /// </summary>
    private protected void StopAndRelease()
    {
        // A thread that sleeps on a queue wakes up, and does not touch the queue again.
        foreach (var queue in Parts.OfType<ReceiveQueue>()) queue.Interrupt?.Dispose();
        // A checked pool throws if packets were not given back.
        PciDevice.InTurn([Quiesce, PciDevice.DisableBusMaster, .. Parts.Select(part => (Action)part.Dispose)]);
    }
}
