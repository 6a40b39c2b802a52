import threading, time
one, other = threading.Lock(), threading.Lock()
def take(first, second):
    with first:
        time.sleep(0.1)
        with second: pass
for pair in [(one, other), (other, one)]: threading.Thread(target=take, args=pair).start()
