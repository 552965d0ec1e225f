using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Ixy.Simulation.Interop;
using Ixy.Vfio;

namespace Ixy.Simulation.Wires;

/// <summary>
/// The far end is a TAP interface of this machine's network stack: the interface receives what the card sends, and the
/// other way round (Documentation/networking/tuntap.rst of Linux).
/// </summary>
/// <remarks>
/// The interface is created, or attached to if it exists, in the network namespace of the calling thread; it disappears
/// with the wire, unless it was created with <c>ip tuntap add</c>. Nothing else about it is set: bring it up and give
/// it an address with <c>ip</c>. While it is down or its queue is full, frames from the card are dropped and counted.
/// If the interface is deleted, the wire loses its signal.
/// </remarks>
internal sealed unsafe class TapWire : Wire
{
    /// <summary>IFNAMSIZ - 1.</summary>
    internal const int LongestName = 15;

    private const int ShortestFrame = 60, LongestFrame = 64 << 10;

    // While nothing is there, the kernel is polled once a microsecond: each poll costs a system call.
    private const long PauseBetweenQuestions = 1_000;

    private const nuint TUNSETIFF = 0x400454CA, TUNSETOFFLOAD = 0x400454D0;
    private const ushort IFF_TAP = 0x0002, IFF_NO_PI = 0x1000;
    private const int InterfaceRequestLength = 40, NameLength = 16; // struct ifreq

    private readonly string _name;
    private readonly byte[] _frame = GC.AllocateUninitializedArray<byte>(LongestFrame, pinned: true);
    private int _fd;
    private long _askAt = long.MinValue;

    /// <summary>Attaches to the interface, or creates it.</summary>
    /// <exception cref="DeviceSpecifierException">
    /// The name is not a valid interface name, or the interface is not a free TAP.
    /// </exception>
    /// <exception cref="PrivilegeException">Not allowed.</exception>
    /// <exception cref="DeviceNotFoundException">This kernel has no TAP devices.</exception>
    internal TapWire(string name)
    {
        CheckName(name);
        _name = name;
        _fd = Libc.open("/dev/net/tun", Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
        if (_fd < 0) throw CannotOpen(name, Marshal.GetLastPInvokeError());
        try
        {
            Attach(name);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool HasSignal => Volatile.Read(ref _fd) >= 0;

    /// <inheritdoc/>
    public override bool LeadsOut => true;

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        Statistics.Received++;
        if (_fd < 0 || !TryWrite(frame)) Statistics.Dropped++;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        if (_fd < 0 || now < _askAt) return [];
        int length = Read();
        if (length <= 0)
        {
            _askAt = now + PauseBetweenQuestions;
            return [];
        }
        // The kernel delivers short frames as they are; a sender's MAC pads them to the minimum (IEEE 802.3, 4.2.8).
        if (length < ShortestFrame)
        {
            _frame.AsSpan(length, ShortestFrame - length).Clear();
            length = ShortestFrame;
        }
        Statistics.Sent++;
        return _frame.AsSpan(0, length);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Close();
        base.Dispose();
    }

    private static void CheckName(string name)
    {
        if (name.Length == 0) throw new DeviceSpecifierException("the TAP interface has no name: expected tap:NAME");
        if (Encoding.UTF8.GetByteCount(name) > LongestName)
            throw new DeviceSpecifierException(
                $"'{name}' is too long for the name of an interface: at most {LongestName} characters");
        // Names the kernel refuses or, with %, expands (dev_valid_name in net/core/dev.c).
        if (name is "." or ".." || name.Any(c => c is '/' or ':' or '%' || char.IsWhiteSpace(c) || char.IsControl(c)))
            throw new DeviceSpecifierException($"'{name}' is not an interface name: no blanks, '/', ':' or '%'");
    }

    private void Attach(string name)
    {
        byte* request = stackalloc byte[InterfaceRequestLength];
        var bytes = new Span<byte>(request, InterfaceRequestLength);
        bytes.Clear();
        Encoding.UTF8.GetBytes(name, bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[NameLength..], IFF_TAP | IFF_NO_PI);
        if (Libc.ioctl(_fd, TUNSETIFF, request) < 0) throw CannotAttach(name, Marshal.GetLastPInvokeError());
        // Frames on a wire are complete: the previous user of the interface may have left checksums and segmentation to
        // it.
        if (Libc.ioctl(_fd, TUNSETOFFLOAD, null) < 0)
            throw new PciDeviceException(
                $"the offloads of the TAP interface {name} cannot be switched off: {Libc.LastError()}");
    }

    private static PciDeviceException CannotOpen(string name, int error) => error switch
    {
        Libc.EACCES or Libc.EPERM => NotAllowed(name),
        Libc.ENOENT or Libc.ENODEV or Libc.ENXIO => new DeviceNotFoundException(
            $"there is no /dev/net/tun for the TAP interface {name}: load the module with 'modprobe tun'"),
        _ => new PciDeviceException($"/dev/net/tun cannot be opened for the TAP interface {name}: {Libc.LastError()}"),
    };

    private static PciDeviceException CannotAttach(string name, int error) => error switch
    {
        Libc.EACCES or Libc.EPERM => NotAllowed(name),
        Libc.EBUSY => new DeviceSpecifierException($"the TAP interface {name} is in use by another wire or program"),
        Libc.EINVAL => new DeviceSpecifierException(
            $"the interface {name} is not a TAP interface with one queue: take another name, or delete it with " +
            $"'ip link delete {name}'"),
        _ => new PciDeviceException($"the TAP interface {name} cannot be attached to: {Libc.LastError()}"),
    };

    private static PrivilegeException NotAllowed(string name) => new(
        $"not allowed to use the TAP interface {name}: run as root, or make it once with " +
        $"'sudo ip tuntap add dev {name} mode tap user $USER'");

    private int Read()
    {
        fixed (byte* frame = _frame)
        {
            int length = (int)Libc.read(_fd, frame, LongestFrame);
            if (length < 0 && Marshal.GetLastPInvokeError() is not (Libc.EAGAIN or Libc.EINTR)) Vanished();
            return length;
        }
    }

    private bool TryWrite(ReadOnlySpan<byte> frame)
    {
        fixed (byte* bytes = frame)
        {
            if (Libc.write(_fd, bytes, (nuint)frame.Length) == frame.Length) return true;
            // Others: EAGAIN and ENOBUFS for a full queue, EIO for an interface that is down. These are temporary.
            if (Marshal.GetLastPInvokeError() == Libc.EBADFD) Vanished();
            return false;
        }
    }

    private void Vanished()
    {
        Fault = $"the TAP interface {_name} is gone: {Libc.LastError()}";
        Close();
    }

    private void Close()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0) _ = Libc.close(fd);
    }
}
