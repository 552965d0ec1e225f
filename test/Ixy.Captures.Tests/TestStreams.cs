namespace Ixy.Captures.Tests;

/// <summary>A disk that accepts nothing until it is told to.</summary>
internal sealed class StuckStream : MemoryStream
{
    private readonly ManualResetEventSlim _goes = new();

    internal ManualResetEventSlim Reached { get; } = new();

    internal void LetGo() => _goes.Set();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Reached.Set();
        _goes.Wait();
        base.Write(buffer);
    }
}

/// <summary>A disk with room for a given number of bytes. It takes as much of a write as fits, then fails.</summary>
internal sealed class FullStream(int room) : MemoryStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        int fits = (int)Math.Min(buffer.Length, room - Position);
        base.Write(buffer[..fits]);
        if (fits < buffer.Length) throw new IOException("no room");
    }
}
