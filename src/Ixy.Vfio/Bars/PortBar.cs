using Ixy.Vfio.Interop;
using Microsoft.Win32.SafeHandles;

namespace Ixy.Vfio.Bars;

/// <summary>A BAR of I/O ports, accessed through its own file.</summary>
internal sealed class PortBar : FileBar
{
    private readonly SafeFileHandle _file;

    /// <exception cref="PciDeviceException">The file cannot be opened.</exception>
    internal PortBar(string path) : this(path, KernelFile.Open(path, FileAccess.ReadWrite))
    {
    }

    private PortBar(string path, SafeFileHandle file)
        : base(path, (int)file.DangerousGetHandle(), 0, checked((uint)RandomAccess.GetLength(file)), areas: []) =>
        _file = file;

    public override void Dispose()
    {
        base.Dispose();
        _file.Dispose();
    }
}
