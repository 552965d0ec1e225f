using Ixy.Vfio.Bars;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// A BAR in a server. Mapped areas are memory shared by both processes; the server cannot notice reads of it, and polls
/// it for writes. So only doorbells use it, through pointers; every access by a method is a message and its reply.
/// </summary>
internal sealed class MessageBar : PartlyMappedBar
{
    private readonly ServerRegion _region;

    /// <param name="name">For messages: device and BAR.</param>
    /// <param name="region">The server's region.</param>
    /// <param name="info">The server's description of it.</param>
    /// <param name="fd">The file with the areas; not needed afterwards.</param>
    /// <exception cref="PciDeviceException">An area cannot be mapped.</exception>
    internal MessageBar(string name, ServerRegion region, Kernel.VfioRegion info, int fd)
        : base(name, fd, info.Offset, info.Length, info.Areas) => _region = region;

    protected override uint Load(uint offset, int size) => _region.Read(offset, size);

    protected override void Store(uint offset, uint value, int size) => _region.Write(offset, value, size);
}
