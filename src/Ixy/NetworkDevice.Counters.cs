using System.Collections.Immutable;
using Ixy.Vfio;

namespace Ixy;

// The device's counters, and the other threads that read them: the meter and the driver's own timer.
public abstract partial class NetworkDevice
{
    private static ImmutableList<NetworkDevice> s_open = [];

    private readonly Lock _counting = new();
    private bool _isOpen;
    // The card is being reset and set up again.
    private protected bool _isDown;

    /// <summary>
    /// What the card and its queues have counted since the device was opened. Any thread may read this, until the
    /// device is disposed, and as rarely as it likes: the driver reads a card's counters before they overflow.
    /// </summary>
    public abstract DeviceStatistics ReadStatistics();

    /// <summary>Someone is listening to how queues are called; the meter says so, once it exists.</summary>
    internal static Func<bool> WantsCalls { get; set; } = () => false;

    /// <summary>Reads the device on any thread; does nothing once it is closing.</summary>
    internal void WhileOpen(Action read)
    {
        lock (_counting)
        {
            try
            {
                if (_isOpen) read();
            }
            catch (PciDeviceException)
            {
                // A card that is gone counts nothing more. Its user learns of it from the next call; a watch sees it
                // end.
            }
        }
    }

    // Once this returns with false, no other thread reads the device.
    private void SetOpen(bool isOpen)
    {
        ImmutableInterlocked.Update(ref s_open, open => isOpen ? open.Add(this) : open.Remove(this));
        lock (_counting) _isOpen = isOpen;
    }
}
