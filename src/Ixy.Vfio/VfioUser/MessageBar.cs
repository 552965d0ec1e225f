using Ixy.Vfio.Bars;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// A BAR in a server. Mapped areas are memory that both processes share; the server cannot notice who reads it, and
/// polls it for what is stored. So only doorbells go there, through pointers, and every access by a method is a message
/// and its reply.
/// </summary>
internal sealed class MessageBar : PartlyMappedBar
{
    private readonly ServerRegion _region;

    /// <param name="name">For messages: device and BAR.</param>
    /// <param name="region">Where it lies in the server.</param>
    /// <param name="info">What the server says about it.</param>
    /// <param name="fd">Of the file with the areas; not needed afterwards.</param>
    /// <exception cref="PciDeviceException">An area cannot be mapped.</exception>
    internal MessageBar(string name, ServerRegion region, Kernel.VfioRegion info, int fd)
        : base(name, fd, info.Offset, info.Length, info.Areas) => _region = region;

    protected override uint Load(uint offset, int size) => _region.Read(offset, size);

    protected override void Store(uint offset, uint value, int size) => _region.Write(offset, value, size);
}
