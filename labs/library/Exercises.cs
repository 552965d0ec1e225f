using Ixy.Vfio;

namespace Ixy.Labs;

/// <summary>Exercise 1.</summary>
public interface ICardFinder
{
    /// <summary>The first Intel 82599 among the PCI functions of a machine; null if there is none.</summary>
    PciDevice? Find(IReadOnlyList<PciDevice> functions);

    /// <summary>The six bytes of the card's MAC address, in wire order.</summary>
    byte[] ReadMacAddress(PciDevice card);
}

/// <summary>Exercise 2.</summary>
public interface ICardStarter
{
    /// <summary>Brings the card from any state into the one after a reset, with all interrupts masked.</summary>
    void Reset(PciDevice card, PciBar registers);

    /// <summary>Sets the link up at 10 Gbit/s, and waits for it.</summary>
    /// <returns>False if it is not up in time.</returns>
    bool StartLink(PciDevice card, PciBar registers, TimeSpan timeout);
}

/// <summary>Exercises 3 and 7.</summary>
public interface IReceiver
{
    /// <summary>Sets up the ring and starts receiving. Reset and link are done.</summary>
    void Start(PciDevice card, PciBar registers);

    /// <summary>The next frame that has arrived, without its FCS; null if there is none. Does not wait.</summary>
    byte[]? Receive();
}

/// <summary>Exercise 7.</summary>
public interface ISleepingReceiver : IReceiver
{
    /// <summary>
    /// Sleeps until a frame is there. Returns at once if one is already there, and when the time runs out.
    /// </summary>
    void Sleep(TimeSpan timeout);
}

/// <summary>Exercise 4.</summary>
public interface ITransmitter
{
    /// <summary>Sets up the ring and starts transmitting. Reset and link are done.</summary>
    void Start(PciDevice card, PciBar registers);

    /// <summary>Gives a frame of 60 to 1514 bytes, without FCS, to the card. Does not wait.</summary>
    /// <returns>False if the ring is full: then the frame is not sent.</returns>
    bool Send(ReadOnlySpan<byte> frame);
}

/// <summary>Exercises 5 and 6.</summary>
public interface IForwarder
{
    /// <summary>Sets up the rings of both cards. Reset and link are done.</summary>
    void Start(PciDevice left, PciBar leftRegisters, PciDevice right, PciBar rightRegisters);

    /// <summary>
    /// Takes what the left card has received and sends it through the right card. Does not wait: a frame is dropped if
    /// the right card's ring has no room for it.
    /// </summary>
    /// <returns>Frames given to the right card.</returns>
    int Poll();
}

/// <summary>Exercise 6.</summary>
public interface IMeasuredForwarder : IForwarder
{
    /// <summary>The driver's counts since <see cref="IForwarder.Start"/>.</summary>
    Measurement Measure();
}

/// <summary>A driver's counts.</summary>
/// <param name="Packets">Packets given to the right card.</param>
/// <param name="Doorbells">Writes to RDT and TDT since the start, not counting the set-up.</param>
/// <param name="PacketsPerSecond">From the start of the first poll to the end of the last one.</param>
public readonly record struct Measurement(long Packets, long Doorbells, double PacketsPerSecond);

/// <summary>Exercise 8.</summary>
public interface IVirtioDriver
{
    /// <summary>Sets up both rings. The device knows its features, and waits for its queues.</summary>
    void Start(VirtioDevice device);

    /// <summary>The next frame that has arrived; null if there is none. Does not wait.</summary>
    byte[]? Receive();

    /// <summary>Gives a frame of 60 to 1514 bytes to the device. Does not wait.</summary>
    /// <returns>False if the ring is full: then the frame is not sent.</returns>
    bool Send(ReadOnlySpan<byte> frame);
}

/// <summary>A hole is still empty.</summary>
/// <param name="hole">Its number in the file.</param>
public sealed class NotDoneException(int hole) : Exception($"hole {hole} is still empty")
{
    /// <summary>Its number in the file.</summary>
    public int Hole => hole;
}
