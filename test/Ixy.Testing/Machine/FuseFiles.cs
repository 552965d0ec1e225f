using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Ixy.Vfio.Interop;

namespace Ixy.Testing.Machine;

/// <summary>A file whose every read and write is a call: offset and width, 1, 2 or 4 bytes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Read">Gives what is read.</param>
/// <param name="Write">Takes what is written.</param>
internal sealed record FuseFile(string Name, uint Length, Func<uint, int, uint> Read, Action<uint, uint, int> Write);

/// <summary>
/// A directory of such files: a file system of this process (linux/fuse.h, kernel documentation, filesystems/fuse).
/// A thread of its own answers the kernel.
/// </summary>
internal sealed unsafe partial class FuseFiles : IDisposable
{
    private const string Device = "/dev/fuse", C = "libc";
    private const int RequestHeader = 40, ReplyHeader = 16, RequestLength = 1 << 17, FileMode = 0x8000 | 0x180,
        DirectoryMode = 0x4000 | 0x1C0, FirstFile = 2, ENOENT = 2, EINVAL = 22, ENOSYS = 38;

    private readonly DirectoryInfo _mount = Directory.CreateTempSubdirectory("ixy-fuse-");
    private readonly IReadOnlyList<FuseFile> _files;
    private readonly int _fd;
    private readonly Thread _thread;
    private readonly byte[] _reply = new byte[256];

    internal FuseFiles(IReadOnlyList<FuseFile> files)
    {
        _files = files;
        _fd = Libc.open(Device, Libc.O_RDWR | Libc.O_CLOEXEC);
        Assert.True(_fd >= 0, $"{Device}: {Libc.LastError()}");
        string options = $"fd={_fd},rootmode=40000,user_id=0,group_id=0";
        Assert.True(mount("ixy", _mount.FullName, "fuse", 0, options) == 0, $"mount: {Libc.LastError()}");
        _thread = new Thread(Serve) { IsBackground = true, Name = "files" };
        _thread.Start();
    }

    private enum Request
    {
        Lookup = 1,
        Forget = 2,
        GetAttributes = 3,
        Open = 14,
        Read = 15,
        Write = 16,
        Release = 18,
        Initialize = 26,
        Interrupt = 36,
        ForgetMany = 42,
    }

    /// <summary>Skips the test where there is no way to have one.</summary>
    internal static void Require()
    {
        Needs.Root("only root can mount a file system");
        Skip.IfNot(File.Exists(Device), $"there is no {Device}");
    }

    internal string PathOf(string file) => Path.Combine(_mount.FullName, file);

    public void Dispose()
    {
        const int Detach = 2;
        Assert.True(umount2(_mount.FullName, Detach) == 0, $"umount: {Libc.LastError()}");
        Assert.True(_thread.Join(TimeSpan.FromSeconds(10)), "somebody still has a file open");
        _ = Libc.close(_fd);
        _mount.Delete();
    }

    // Until there is no file system any more.
    private void Serve()
    {
        const int ENODEV = 19;
        byte[] request = new byte[RequestLength];
        fixed (byte* start = request)
        {
            while (true)
            {
                nint length = read(_fd, start, RequestLength);
                if (length > 0) Answer(request.AsSpan(0, (int)length));
                else if (Marshal.GetLastPInvokeError() == ENODEV) return;
            }
        }
    }

    private void Answer(ReadOnlySpan<byte> request)
    {
        var what = (Request)BinaryPrimitives.ReadInt32LittleEndian(request[4..]);
        if (what is Request.Forget or Request.ForgetMany or Request.Interrupt) return;
        ulong node = BinaryPrimitives.ReadUInt64LittleEndian(request[16..]);
        var reply = _reply.AsSpan();
        reply.Clear();
        int length = Handle(what, node, request[RequestHeader..], reply[ReplyHeader..]);
        BinaryPrimitives.WriteInt32LittleEndian(reply, ReplyHeader + Math.Max(length, 0));
        BinaryPrimitives.WriteInt32LittleEndian(reply[4..], Math.Min(length, 0));
        request.Slice(8, sizeof(ulong)).CopyTo(reply[8..]);
        // One that was interrupted meanwhile is not waited for.
        fixed (byte* start = reply) _ = Libc.write(_fd, start, (nuint)(ReplyHeader + Math.Max(length, 0)));
    }

    // The reply's length, or an error, negative.
    private int Handle(Request what, ulong node, ReadOnlySpan<byte> body, Span<byte> reply)
    {
        switch (what)
        {
            case Request.Initialize:
                return Initialize(body, reply);
            case Request.Lookup:
                string name = Encoding.UTF8.GetString(body[..^1]);
                int found = _files.Index().FirstOrDefault(file => file.Item.Name == name, (-1, null!)).Index;
                if (found < 0) return -ENOENT;
                BinaryPrimitives.WriteInt64LittleEndian(reply, FirstFile + found);
                return Describe(FirstFile + (ulong)found, reply[40..]) + 40;
            case Request.GetAttributes:
                return Describe(node, reply[16..]) + 16;
            case Request.Open:
                // FOPEN_DIRECT_IO: each access as it is made.
                reply[8] = 1;
                return 16;
            case Request.Read or Request.Write:
                return Access(_files[(int)node - FirstFile], what == Request.Write, body, reply);
            case Request.Release:
                return 0;
            default:
                return -ENOSYS;
        }
    }

    // struct fuse_init_out of version 7.31.
    private static int Initialize(ReadOnlySpan<byte> body, Span<byte> reply)
    {
        BinaryPrimitives.WriteInt32LittleEndian(reply, 7);
        BinaryPrimitives.WriteInt32LittleEndian(reply[4..], 31);
        body.Slice(8, sizeof(uint)).CopyTo(reply[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(reply[20..], 4096);
        BinaryPrimitives.WriteInt32LittleEndian(reply[24..], 1);
        return 64;
    }

    // struct fuse_attr
    private int Describe(ulong node, Span<byte> reply)
    {
        bool isFile = node >= FirstFile;
        BinaryPrimitives.WriteUInt64LittleEndian(reply, node);
        if (isFile) BinaryPrimitives.WriteUInt64LittleEndian(reply[8..], _files[(int)node - FirstFile].Length);
        BinaryPrimitives.WriteInt32LittleEndian(reply[60..], isFile ? FileMode : DirectoryMode);
        BinaryPrimitives.WriteInt32LittleEndian(reply[64..], 1);
        return 88;
    }

    // struct fuse_read_in and fuse_write_in
    private static int Access(FuseFile file, bool isWrite, ReadOnlySpan<byte> body, Span<byte> reply)
    {
        const int BodyHeader = 40;
        long offset = BinaryPrimitives.ReadInt64LittleEndian(body[8..]);
        int size = BinaryPrimitives.ReadInt32LittleEndian(body[16..]);
        if (size is not (1 or 2 or 4) || offset % size != 0 || offset < 0 || offset + size > file.Length)
            return -EINVAL;
        if (isWrite)
        {
            Span<byte> word = stackalloc byte[sizeof(uint)];
            word.Clear();
            body.Slice(BodyHeader, size).CopyTo(word);
            file.Write((uint)offset, BinaryPrimitives.ReadUInt32LittleEndian(word), size);
            BinaryPrimitives.WriteInt32LittleEndian(reply, size);
            return 8;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(reply, file.Read((uint)offset, size));
        return size;
    }

    [LibraryImport(C, SetLastError = true)]
    private static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport(C, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string kind, nuint flags, string options);

    [LibraryImport(C, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
