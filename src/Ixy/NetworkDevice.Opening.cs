using Ixy.Vfio;

namespace Ixy;

// From a specifier to a working device.
public abstract partial class NetworkDevice
{
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
        return Start(OpenPci(specifier), options ?? new());
    }

    /// <summary>
    /// Opens the PCI function that <paramref name="specifier"/> names, without a driver: the card is unchanged. Slow
    /// preparations can be done before <see cref="Open(PciDevice, NetworkDeviceOptions)"/> starts the card, and packets
    /// start to arrive.
    /// </summary>
    /// <exception cref="PciDeviceException">There is no such device, or no permission.</exception>
    public static PciDevice OpenPci(string specifier) => Transports.Open(specifier);

    /// <summary>
    /// Makes <paramref name="open"/> responsible for specifiers that begin with <paramref name="scheme"/> and a colon.
    /// The last registration of a scheme counts. Thread-safe.
    /// </summary>
    public static void RegisterTransport(string scheme, Func<string, PciDevice> open) =>
        Transports.Schemes[scheme] = open;

    private static NetworkDevice Start(PciDevice function, NetworkDeviceOptions options)
    {
        try
        {
            Drivers.Check(function);
            function.WakeUp();
            function.DisableMessages();
            return Drivers.Start(function, options);
        }
        catch
        {
            function.Dispose();
            throw;
        }
    }
}
