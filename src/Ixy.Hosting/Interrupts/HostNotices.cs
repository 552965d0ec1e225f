using Ixy.Vfio;

namespace Ixy.Hosting.Interrupts;

/// <summary>
/// What a host can tell the driver of a function, besides its interrupts, in the order of linux/vfio.h.
/// </summary>
internal enum HostNotice
{
    /// <summary>The bus has reported an error that cannot be corrected.</summary>
    BusError,

    /// <summary>The host wants the function back, and waits for it.</summary>
    Request,
}

/// <summary>
/// The notices given to the driver that has a function: they stand until it leaves. Given under the device's lock, and
/// read by any thread.
/// </summary>
internal sealed class HostNotices
{
    private volatile bool _isRequested, _hasFailed;

    /// <summary>Passes a notice on, and says whether the driver takes any; null if the driver asks here.</summary>
    internal Func<HostNotice, bool>? Given { get; set; }

    /// <summary>A notice stands.</summary>
    internal bool Any => _isRequested || _hasFailed;

    internal bool Has(HostNotice notice) => notice == HostNotice.Request ? _isRequested : _hasFailed;

    /// <summary>Gives a notice.</summary>
    /// <returns>False if the driver takes none.</returns>
    internal bool Give(HostNotice notice)
    {
        if (notice == HostNotice.Request) _isRequested = true;
        else _hasFailed = true;
        return Given?.Invoke(notice) ?? true;
    }

    /// <summary>The driver has left.</summary>
    internal void Forget() => _isRequested = _hasFailed = false;

    /// <summary>For a driver in this process.</summary>
    /// <param name="name">The function's name.</param>
    /// <exception cref="DeviceRequestedException">The host wants the function back.</exception>
    /// <exception cref="DeviceGoneException">The bus has reported an error.</exception>
    internal void ThrowIfAny(string name)
    {
        if (_isRequested)
            throw new DeviceRequestedException(
                $"{name}: its host asks for the device back: somebody unplugs it, and waits until it is released");
        if (_hasFailed)
            throw new DeviceGoneException(
                $"{name}: its host reports an error of the bus that cannot be corrected (AER): the state of the device "
                + "is unknown; dispose it, and open it again");
    }
}
